// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An extension of GNOME Shell is enabled and disabled again and again: nothing runs afterwards, and nothing stays.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';
import {assertEqual, collect, runTests} from './support.js';

const N_CYCLES = 1000;
// The interpreter keeps what it has seen last.
const MOST_LEFT = 5;

const Indicator = GObject.registerClass(class Indicator extends GObject.Object {});

const never = new Promise(() => {});
const pass = () => new Promise(resolve => GLib.idle_add(GLib.PRIORITY_DEFAULT, () => {
    resolve();
    return GLib.SOURCE_REMOVE;
}));

class Extension {
    constructor(disable) {
        this._disable = disable;
        this.isEnabled = false;
        this.nRan = this.nLate = this.nCleanedUp = 0;
    }

    _touch() {
        this.nRan++;
        this.nLate += !this.isEnabled;
    }

    async *_ticks() {
        for (;;) {
            await Tend.sleep(1); // eslint-disable-line no-await-in-loop
            yield 1;
        }
    }

    enable() {
        this.isEnabled = true;
        this.indicator = new Indicator();
        this.tasks = this._disable === 'owner' ? Tend.TaskManager.new_for_owner(this.indicator)
            : new Tend.TaskManager();
        this.tasks.register('clock', () => this._touch(), {delay: 0, interval: 1});
        this.tasks.register('poll', async () => {
            for (;;) {
                this._touch();
                await Tend.sleep(1); // eslint-disable-line no-await-in-loop
            }
        });
        this.tasks.register('stubborn', async () => {
            for (;;) {
                try {
                    await pass(); // eslint-disable-line no-await-in-loop
                    await Tend.sleep(1); // eslint-disable-line no-await-in-loop
                    this._touch();
                } catch {
                    this._touch();
                }
            }
        });
        this.tasks.register('ticks', async () => {
            for await (const n of this._ticks())
                this.nRan += n - 1;
        });
        this.tasks.register('generator', this._generate.bind(this));
        this.tasks.register('foreign', task => task.wait_for(never).then(() => this._touch()));
        this.tasks.register('never', async () => {
            await never;
        });
        this.tasks.debounce('search', 5, () => this._touch());
        this.tasks.register('later', task => {
            task.add_timer(2, 2, () => this._touch());
            return Tend.sleep(5000);
        });
    }

    *_generate() {
        try {
            for (;;) {
                yield Tend.sleep(1);
                this._touch();
            }
        } finally {
            this.nCleanedUp++;
        }
    }

    disable() {
        if (this._disable === 'owner')
            this.indicator.run_dispose();
        else
            this.tasks.stop_all();
        this.tasks = this.indicator = null;
        this.isEnabled = false;
    }
}

const tests = {};
for (const disable of ['stop_all', 'owner']) {
    tests[`nothingStaysAfter_${disable}`] = async () => {
        const extension = new Extension(disable);
        // A binding tells whether its source is still there, without keeping it.
        const [target, bindings] = [new Tend.Group(), []];
        for (let i = 0; i < N_CYCLES; i++) {
            extension.enable();
            bindings.push(extension.tasks.bind_property('max-running', target, 'max-running',
                GObject.BindingFlags.DEFAULT));
            await Tend.sleep(i % 8); // eslint-disable-line no-await-in-loop
            extension.disable();
            await Tend.sleep(1); // eslint-disable-line no-await-in-loop
        }
        await Tend.sleep(10000);
        assertEqual(extension.nRan > N_CYCLES, true);
        assertEqual(extension.nLate, 0);
        // Nothing is called of tasks whose owner is gone.
        assertEqual(extension.nCleanedUp, disable === 'owner' ? 0 : N_CYCLES);
        const countThere = () => bindings.filter(binding => binding.dup_source() !== null).length;
        for (let i = 0; i < 20 && countThere() > MOST_LEFT; i++)
            await collect(); // eslint-disable-line no-await-in-loop
        assertEqual(countThere() <= MOST_LEFT, true);
    };
}

runTests(tests);
