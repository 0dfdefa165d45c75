// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Times: milliseconds in JavaScript, microseconds in the library. The tables say what carries a time. What they name
// is replaced before the other modules look at it: everything here sees milliseconds.

/* exported init, FUNCTIONS, PROPERTIES, SIGNALS */

const {GLib, GObject} = imports.gi;

const MAX_MILLISECONDS = Number.MAX_SAFE_INTEGER / 1000;
const FOREVER = GLib.MAXINT64_BIGINT;

// What null stands for is "none"; without it there is no null. The least number of microseconds is 0 or 1.
const LIMIT = {what: 'A time limit', none: FOREVER, least: 0};
const DEADLINE = {what: 'A deadline', none: FOREVER, least: 0};
const DELAY = {what: 'A delay', none: -1, least: 0};
const INTERVAL = {what: 'An interval', none: -1, least: 1};
const DURATION = {what: 'A time', least: 0};
const POSITIVE = {what: 'A time', least: 1};
const POSITIVE_LIMIT = {what: 'A time limit', none: FOREVER, least: 1};
const SPIN_TIME = {what: 'A time to spin', least: 0, most: 1000};

// By the names of classes and functions: the arguments by their places, and what is returned, in an array too.
var FUNCTIONS = {
    '': {
        get_thread_spin_time: {result: DURATION},
        get_time: {result: DURATION},
        set_thread_spin_time: {0: SPIN_TIME},
        watchdog_start: {0: POSITIVE},
    },
    Cancellable: {
        cancel_after: {0: LIMIT},
    },
    Clock: {
        advance: {0: DURATION},
        get_time: {result: DURATION},
        run_until_idle: {result: DURATION},
    },
    NumberCache: {
        get_timeout: {result: LIMIT},
        set_timeout: {0: LIMIT},
        vfunc_get_timeout: {result: LIMIT},
    },
    RequestCache: {
        push_timeout: {1: LIMIT},
        wait_for: {2: LIMIT},
    },
    Retry: {
        get_back_off: {result: {1: DURATION, 2: DURATION}},
        get_timeout: {result: LIMIT, property: 'timeout'},
        set_back_off: {0: DURATION, 1: DURATION},
        set_timeout: {0: POSITIVE_LIMIT},
    },
    Task: {
        add_timer: {0: DURATION, 1: INTERVAL},
        get_deadline: {result: DEADLINE, property: 'deadline'},
        get_delay: {result: DELAY},
        get_interval: {result: INTERVAL},
        run_delay: {0: DURATION},
        set_deadline: {0: DEADLINE},
        set_delay: {0: DELAY},
        set_interval: {0: INTERVAL},
        with_deadline: {0: DEADLINE},
        with_timeout: {0: LIMIT},
    },
    TaskManager: {
        debounce: {1: DURATION},
        get_grace_period: {result: LIMIT, property: 'grace-period'},
        get_rate: {result: {1: DURATION}},
        get_run_time: {result: DURATION},
        set_grace_period: {0: LIMIT},
        set_rate: {1: DURATION},
        set_slow_check: {0: POSITIVE_LIMIT, 1: INTERVAL},
        throttle: {1: DURATION},
        vfunc_task_slow: {1: DURATION},
    },
};

var PROPERTIES = {
    NumberCache: {timeout: LIMIT},
    Retry: {first_wait: DURATION, longest_wait: DURATION, timeout: POSITIVE_LIMIT},
    Task: {deadline: DEADLINE, delay: DELAY, interval: INTERVAL},
    TaskManager: {grace_period: LIMIT, rate_period: POSITIVE, slow_age: POSITIVE_LIMIT, slow_interval: POSITIVE},
};

var SIGNALS = {
    TaskManager: {'task-slow': {1: DURATION}},
};

function toC(time, unit) {
    if (time === null) {
        if (unit.none === undefined)
            throw new TypeError(`${unit.what} is a number of milliseconds`);
        return unit.none;
    }
    if (typeof time !== 'number')
        throw new TypeError(`${unit.what} is a number of milliseconds`);
    if (time > MAX_MILLISECONDS && unit.none === FOREVER)
        return FOREVER;
    if (!(time >= 0 && time <= MAX_MILLISECONDS))
        throw new RangeError(`${unit.what} is not negative, and finite`);

    const usec = Math.round(time * 1000);
    if (usec < unit.least)
        throw new RangeError(`${unit.what} is at least a microsecond`);
    if (usec > unit.most)
        throw new RangeError(`${unit.what} is at most ${unit.most / 1000} milliseconds`);
    return usec;
}

function fromC(usec, unit) {
    return usec === Number(unit.none) ? null : usec / 1000;
}

// Reads a number of 64 bits by its text: the interpreter warns of those that it has to round.
function readLimit(object, name) {
    const value = new GObject.Value();
    value.init(GObject.TYPE_STRING);
    GObject.Object.prototype.get_property.call(object, name, value);
    return Number(value.get_string());
}

function convertResult(result, unit) {
    if (!Array.isArray(result))
        return fromC(result, unit);
    return result.map((each, n) => unit[n] === undefined ? each : fromC(each, unit[n]));
}

function convertArguments(args, units, convert) {
    const places = Object.keys(units).filter(name => name !== 'result' && name !== 'property').map(Number);
    const converted = [...args];
    for (const place of places)
        converted[place] = convert(args[place], units[place]);
    return converted;
}

function withMilliseconds(native, units) {
    return function (...args) {
        if (units.property !== undefined)
            return fromC(readLimit(this, units.property), units.result);
        const result = native.apply(this, convertArguments(args, units, toC));
        return units.result === undefined ? result : convertResult(result, units.result);
    };
}

// What a class of JavaScript gives for a virtual function: the library calls it in its own times.
function convertVirtual(func, units) {
    return function (...args) {
        const result = func.apply(this, convertArguments(args, units, fromC));
        return units.result === undefined ? result : toC(result, units.result);
    };
}

function convertSettings(settings, units) {
    if (settings === null || typeof settings !== 'object')
        return settings;
    const converted = {...settings};
    for (const name of Object.keys(settings)) {
        const unit = units[name.replace(/-/g, '_')];
        if (unit !== undefined)
            converted[name] = toC(settings[name], unit);
    }
    return converted;
}

function replaceFunctions(namespace, className, functions) {
    for (const [name, units] of Object.entries(functions)) {
        const klass = namespace[className];
        const owner = className === '' ? namespace : klass[name] === undefined ? klass.prototype : klass;
        owner[name] = withMilliseconds(owner[name], units);
    }
}

function replaceProperties(klass, units) {
    const {_init} = klass.prototype;
    klass.prototype._init = function (settings, ...rest) {
        return _init.call(this, convertSettings(settings, units), ...rest);
    };
    for (const [name, unit] of Object.entries(units)) {
        const {set} = Object.getOwnPropertyDescriptor(klass.prototype, name);
        Object.defineProperty(klass.prototype, name, {
            configurable: true,
            get() {
                return fromC(readLimit(this, name.replace(/_/g, '-')), unit);
            },
            set(time) {
                set.call(this, toC(time, unit));
            },
        });
    }
}

function replaceSignals(klass, signals) {
    for (const name of ['connect', 'connect_after']) {
        const native = klass.prototype[name];
        klass.prototype[name] = function (signal, func) {
            const units = signals[signal.replace(/_/g, '-').split('::')[0]];
            if (units === undefined)
                return native.call(this, signal, func);
            return native.call(this, signal,
                (self, ...args) => func.call(this, self, ...convertArguments(args, units, fromC)));
        };
    }
}

// What a class of JavaScript has for a virtual function is converted while the class is registered, which is when C
// takes it over. JavaScript itself goes on calling the function that was written.
function replaceVirtual(klass) {
    const virtual = Object.entries(FUNCTIONS[klass.name.replace(/^Tend_/, '')]).filter(([name]) => isVirtual(name));
    const {_classInit} = klass;
    klass._classInit = function (derived) {
        const written = {};
        for (const [name, units] of virtual) {
            if (Object.hasOwn(derived.prototype, name)) {
                written[name] = derived.prototype[name];
                derived.prototype[name] = convertVirtual(written[name], units);
            }
        }
        const registered = _classInit.call(this, derived);
        Object.assign(derived.prototype, written);
        return registered;
    };
}

function isVirtual(name) {
    return name.startsWith('vfunc_');
}

function init(namespace) {
    for (const [className, functions] of Object.entries(FUNCTIONS)) {
        replaceFunctions(namespace, className, functions);
        if (Object.keys(functions).some(isVirtual))
            replaceVirtual(namespace[className]);
    }
    for (const [className, units] of Object.entries(PROPERTIES))
        replaceProperties(namespace[className], units);
    for (const [className, signals] of Object.entries(SIGNALS))
        replaceSignals(namespace[className], signals);
}
