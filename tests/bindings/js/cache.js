// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Caches derived in JavaScript; cache.py and cache.vala do the same.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const SECOND = 1000;
const clock = Tend.Clock.freeze(null);

const TestQuery = GObject.registerClass({
    Properties: {host: GObject.ParamSpec.string('host', '', '', GObject.ParamFlags.READWRITE, '')},
}, class TestQuery extends Tend.NumberCache {
    _init(params = {}) {
        super._init({prefix: 'query', ...params});
        this.log = [];
    }

    vfunc_timed_out() {
        super.vfunc_timed_out();
        this.log.push(`timed out: ${this.host}`);
    }

    vfunc_dropped() {
        super.vfunc_dropped();
        this.log.push('dropped');
    }

    vfunc_get_timeout() {
        return 3 * SECOND;
    }
});

const TestPing = GObject.registerClass(class TestPing extends Tend.RandomNumberCache {
    _init(requests, bits = 16) {
        super._init({request_cache: requests, prefix: 'ping', bits});
        this.answer = Tend.Completion.new('answer');
        this.add_task(this.answer.get_task(), 'no answer');
    }
});

function assertEqual(value, expected) {
    if (value !== expected)
        throw new Error(`${value} is not ${expected}`);
}

function assertThrows(call, domain, code) {
    try {
        call();
    } catch (error) {
        if (!(error instanceof GLib.Error) || !error.matches(domain, code))
            throw error;
        return;
    }
    throw new Error('it did not throw');
}

const tests = {
    properties() {
        const query = new TestQuery({number: 7, host: 'example.org'});
        assertEqual(query.prefix, 'query');
        assertEqual(query.number, 7);
        assertEqual(query.host, 'example.org');
        assertEqual(query.get_timeout(), 3 * SECOND);
        assertEqual(Tend.NumberCache.new('p', 9).timeout, 10 * SECOND);
    },

    timedOut(requests) {
        const query = new TestQuery({number: 7, host: 'example.org'});
        query.connect('timed-out', emitter => emitter.log.push(requests.has('query', 7)));
        requests.add(query);
        clock.advance(3 * SECOND - 0.001);
        assertEqual(query.log.join(), '');
        clock.advance(0.001);
        assertEqual(query.log.join(), 'false,timed out: example.org');
        assertEqual(query.is_held(), false);
    },

    taskValues(requests) {
        const query = new TestQuery({number: 7});
        const [value, nothing, error] = ['a', 'b', 'c'].map(name => Tend.Completion.new(name));
        query.add_task(value.get_task(), 42);
        query.add_task(nothing.get_task(), null);
        query.add_task_with_error(error.get_task(),
            new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT, 'no answer'));
        assertEqual(query.list_tasks().length, 3);
        requests.add(query);
        clock.advance(3 * SECOND);
        assertEqual(value.get_task().get_result(), 42);
        assertEqual(nothing.get_task().get_result(), null);
        assertThrows(() => error.get_task().get_result(), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
    },

    randomNumber(requests) {
        const ping = new TestPing(requests);
        assertEqual(ping.bits, 16);
        assertEqual(ping.number < 65536, true);
        requests.add(ping);
        const popped = requests.pop('ping', ping.number);
        assertEqual(popped, ping);
        popped.answer.set_string('pong');
        assertEqual(requests.pop('ping', ping.number), null);
        assertEqual(ping.answer.get_task().get_result(), 'pong');
    },

    numbersRunOut(requests) {
        const pings = [new TestPing(requests, 1), new TestPing(requests, 1)];
        assertEqual(pings[0].number + pings[1].number, 1);
        assertThrows(() => requests.add(new TestPing(requests, 1)), Tend.Error, Tend.Error.FULL);
        assertThrows(() => Tend.RandomNumberCache.new(requests, 'ping', 1), Tend.Error, Tend.Error.FULL);
    },

    types(requests) {
        const query = new TestQuery({number: 7, prefix: GObject.type_name(TestQuery.$gtype)});
        requests.add(query);
        assertEqual(requests.has_type(TestQuery, 7), true);
        assertEqual(requests.lookup_type(TestQuery, 7), query);
        assertEqual(requests.pop_type(TestQuery, 7), query);
        assertEqual(requests.has_type(TestQuery, 7), false);
    },

    keys(requests) {
        const key = new GLib.Bytes(new Uint8Array([0, 1, 2, 255]));
        const query = new TestQuery({key, prefix: 'keyed'});
        requests.add(query);
        assertEqual(query.get_key().equal(key), true);
        assertEqual(query.key.equal(key), true);
        assertEqual(requests.has_key('keyed', new GLib.Bytes(new Uint8Array([0, 1, 2, 255]))), true);
        assertEqual(requests.lookup_key('keyed', key), query);
        assertEqual(requests.pop_key('keyed', key), query);
        assertEqual(requests.has_key('keyed', key), false);
        assertEqual(Tend.NumberCache.new('p', 1).get_key(), null);
    },

    text(requests) {
        const waiter = requests.wait_for_text('p', 'n\u00e4me', SECOND);
        const late = requests.wait_for_key('p', new GLib.Bytes(new TextEncoder().encode('other')), SECOND);
        const cache = Tend.NumberCache.new_for_text('p', 'n\u00e4me');
        requests.add(cache);
        assertEqual(waiter.get_result(), cache);
        assertEqual(cache.to_string(), '<TendNumberCache p-n\u00e4me>');
        assertEqual(requests.has_text('p', 'n\u00e4me'), true);
        assertEqual(requests.lookup_text('p', 'n\u00e4me'), cache);
        assertEqual(requests.lookup_key('p', new GLib.Bytes(new TextEncoder().encode('n\u00e4me'))), cache);
        assertEqual(requests.pop_text('p', 'n\u00e4me'), cache);
        clock.advance(SECOND);
        assertThrows(() => late.get_result(), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
    },

    listCaches(requests) {
        const caches = [new TestQuery({number: 7}), Tend.NumberCache.new_for_text('p', 'name')];
        for (const cache of caches)
            requests.add(cache);
        assertEqual(requests.list_caches(null).length, 2);
        assertEqual(requests.list_caches('query')[0], caches[0]);
        assertEqual(requests.list_caches('p')[0], caches[1]);
        assertEqual(requests.list_caches('other').length, 0);
        requests.clear();
    },

    clearWithError(requests) {
        const query = new TestQuery({number: 7});
        const answer = Tend.Completion.new('answer');
        query.connect('dropped', emitter => emitter.log.push(`${requests.has('query', 7)} ${answer.is_done()}`));
        query.add_task(answer.get_task(), 42);
        requests.add(query);
        const lost = new TypeError('the connection is lost');
        requests.clear_with_error(lost);
        assertEqual(query.log.join(), 'false false,dropped');
        try {
            answer.get_task().get_result();
        } catch (error) {
            assertEqual(error, lost);
            return;
        }
        throw new Error('it did not throw');
    },

    restartTimeout(requests) {
        const query = new TestQuery({number: 7});
        assertEqual(query.restart_timeout(5 * SECOND), false);
        requests.add(query);
        clock.advance(2 * SECOND);
        assertEqual(query.restart_timeout(5 * SECOND), true);
        clock.advance(5 * SECOND - 0.001);
        assertEqual(query.log.join(), '');
        clock.advance(0.001);
        assertEqual(query.log.join(), 'timed out: ');
    },

    duplicate(requests) {
        requests.add(new TestQuery({number: 7}));
        assertThrows(() => requests.add(new TestQuery({number: 7})), Tend.Error, Tend.Error.EXISTS);
    },

    waitFor(requests) {
        let found = null;
        requests.wait_for('query', 7, null).wait_async(null, (task, result) => {
            task.wait_finish(result);
            found = task.get_result();
        });
        const query = new TestQuery({number: 7});
        requests.add(query);
        clock.advance(0);
        assertEqual(found, query);

        const late = requests.wait_for('query', 8, SECOND);
        clock.advance(SECOND);
        assertThrows(() => late.get_result(), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
    },

    heldByTheRequestCacheAlone(requests) {
        const log = [];
        (() => {
            const query = new TestQuery({number: 7, host: 'example.org'});
            query.log = log;
            requests.add(query);
        })();
        for (let i = 0; i < 3; i++) {
            System.gc();
            clock.advance(0);
        }
        clock.advance(3 * SECOND);
        assertEqual(log.join(), 'timed out: example.org');
    },

    override(requests) {
        const query = new TestQuery({number: 7});
        requests.push_timeout(TestQuery, 0);
        requests.add(query);
        requests.pop_timeout();
        clock.advance(0);
        assertEqual(query.log.join(), 'timed out: ');
    },

    reserved(requests) {
        const reserved = Tend.RandomNumberCache.new(requests, 'p', 16);
        const number = reserved.get_number();
        assertEqual(reserved.is_reserved(), true);
        assertThrows(() => requests.add(new Tend.NumberCache({prefix: 'p', number})), Tend.Error, Tend.Error.EXISTS);
        const query = new Tend.NumberCache({reservation: reserved});
        assertEqual(reserved.release(), false);
        requests.add(query);
        assertEqual(requests.pop('p', number), query);

        const plain = Tend.NumberCache.new_for_text('p', 'seven');
        assertEqual(requests.reserve(plain), true);
        assertEqual(plain.release(), true);
        assertEqual(plain.is_reserved(), false);
    },

    shutdown(requests) {
        const [ping, query, log] = [new TestPing(requests), new TestQuery({number: 7}), []];
        requests.add(ping);
        requests.add(query);
        requests.get_manager().register('again', () => {});
        requests.shutdown_async(null, (source, result) => log.push(source.shutdown_finish(result)));
        assertEqual(ping.answer.get_task().get_status(), Tend.TaskStatus.CANCELLED);
        clock.advance(10 * SECOND);
        assertEqual(log.join(), 'true');
        assertEqual(query.log.join(), 'dropped');
        assertThrows(() => requests.add(query), Tend.Error, Tend.Error.SHUT_DOWN);
    },

    tags() {
        const bytes = text => new GLib.Bytes(new TextEncoder().encode(text));
        assertEqual(Tend.tag_equal(bytes('secret'), bytes('secret')), true);
        assertEqual(Tend.tag_equal(bytes('secret'), bytes('Secret')), false);
    },
};

let nFailed = 0;
for (const [name, test] of Object.entries(tests)) {
    try {
        test(new Tend.RequestCache());
        System.gc();
        clock.advance(20 * SECOND);
        print(`${name}: ok`);
    } catch (error) {
        nFailed++;
        print(`${name}: ${error}\n${error.stack ?? ''}`);
    }
}
System.exit(nFailed === 0 ? 0 : 1);
