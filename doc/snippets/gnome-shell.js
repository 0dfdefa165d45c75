// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/gnome-shell.md. It runs on a clock that stands still, so that an hour is over at once.

import Gio from 'gi://Gio';
import Tend from 'gi://Tend?version=1';

const clock = Tend.Clock.freeze(null);

class WeatherExtension {
    enable() {
        this._label = {text: ''};
        this._tasks = new Tend.TaskManager();
        this._tasks.connect('task-failed', (_tasks, task, error) => console.error(task.get_name(), error));
        this._tasks.register('poll', () => this._poll(), {delay: 0, interval: 600 * 1000, keepGoing: true});
        this._tasks.register('watch', () => this._watch());
    }

    disable() {
        this._tasks.stop_all();
        this._tasks = null;
        this._label = null;
    }

    // A line of it that runs after disable() would find no label.
    async _poll() {
        await Tend.sleep(1000);
        this._label.text = 'sunny';
    }

    *_watch() {
        const settings = new Gio.SimpleAction({name: 'settings'});
        const handler = settings.connect('activate', () => this._tasks.debounce('poll-soon', 500, () => this._poll()));
        try {
            for (;;) {
                settings.activate(null);
                yield Tend.sleep(60 * 1000);
            }
        } finally {
            settings.disconnect(handler);
        }
    }
}

Tend.run(async () => {
    const extension = new WeatherExtension();
    extension.enable();
    await Tend.sleep(5000);
    print(extension._label.text, [...extension._tasks].map(task => task.get_name()).join());
    extension.disable();
    await Tend.sleep(3600 * 1000);
    print(clock.get_time() > 3600 * 1000);
});
