// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A request that nobody answers. Its class says how long to wait and what to do then.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';

const MyRequest = GObject.registerClass(class MyRequest extends Tend.RandomNumberCache {
    vfunc_timed_out() {
        print('Oh no! I never received a response!');
    }

    vfunc_get_timeout() {
        return 3000;
    }
});

const requests = new Tend.RequestCache();

// Here the request would be sent, with its number in it.
requests.add(new MyRequest({request_cache: requests}));
await Tend.sleep(4000);
await requests.shutdown();
