// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Times: milliseconds in JavaScript, microseconds in the library. And other numbers, which have limits. The tables say
// what carries a time, and what else has limits. What they name is replaced before the other modules look at it:
// everything here sees milliseconds, and exceptions.

/* exported init, toSnakeCase, FUNCTIONS, PROPERTIES, RANGES, SIGNALS */

const {GLib, GObject} = imports.gi;

let NumberCache = null;

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

// What is no time: from one number to another. The interpreter would take what is no number for NaN or 0.
const BITS = {what: 'A number of bits', from: 1, to: 64};
const COUNT = {what: 'A count', from: 0, to: 2 ** 32 - 1};
const FACTOR = {what: 'A factor', from: 1, to: Number.MAX_VALUE};
const FRACTION = {what: 'A fraction', from: 0, to: 1};
const NUMBER = {what: 'A progress', from: -Infinity, to: Infinity};
const QUARK = {what: 'The domain of an error', from: 1, to: 2 ** 32 - 1};

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
    Group: {
        get_grace_period: {result: LIMIT, property: 'grace-period'},
        join_with_timeout: {0: LIMIT},
        set_grace_period: {0: LIMIT},
    },
    NumberCache: {
        get_timeout: {result: LIMIT},
        restart_timeout: {0: LIMIT},
        set_timeout: {0: LIMIT},
        vfunc_get_timeout: {result: LIMIT},
    },
    RequestCache: {
        push_timeout: {1: LIMIT},
        wait_for: {2: LIMIT},
        wait_for_key: {2: LIMIT},
        wait_for_text: {2: LIMIT},
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
        get_age: {result: DELAY},
        get_grace_deadline: {result: DEADLINE, property: 'grace-deadline'},
        get_grace_period: {result: LIMIT, property: 'grace-period'},
        get_rate: {result: {1: DURATION}},
        get_run_time: {result: DURATION},
        set_grace_period: {0: LIMIT},
        set_rate: {1: DURATION},
        set_slow_check: {0: POSITIVE_LIMIT, 1: INTERVAL},
        throttle: {1: POSITIVE},
        vfunc_task_slow: {1: DURATION},
    },
    Timer: {
        get_remaining: {result: DELAY},
        set_delay: {0: DURATION},
    },
};

var PROPERTIES = {
    Group: {grace_period: LIMIT},
    NumberCache: {timeout: LIMIT},
    Retry: {first_wait: DURATION, longest_wait: DURATION, timeout: POSITIVE_LIMIT},
    Task: {deadline: DEADLINE, delay: DELAY, interval: INTERVAL},
    TaskManager: {
        grace_deadline: DEADLINE, grace_period: LIMIT, rate_period: POSITIVE, slow_age: POSITIVE_LIMIT,
        slow_interval: POSITIVE,
    },
};

var SIGNALS = {
    TaskManager: {'task-slow': {1: DURATION}},
};

// What has limits and is no time, in the same way.
var RANGES = {
    Group: {set_max_running: {0: COUNT}},
    RandomNumberCache: {new: {2: BITS}},
    Retry: {set_back_off: {2: FACTOR}, set_jitter: {0: FRACTION}, set_max_attempts: {0: COUNT}},
    Task: {forward_progress: {1: FRACTION, 2: FRACTION}, set_progress: {0: NUMBER}},
    TaskManager: {
        get_run_time: {0: FRACTION}, ignore_error: {0: QUARK}, set_keep_ended: {0: COUNT}, set_max_running: {0: COUNT},
        set_rate: {0: COUNT},
    },
};

const PROPERTY_RANGES = {
    Group: {max_running: COUNT},
    Retry: {jitter: FRACTION, max_attempts: COUNT},
    TaskManager: {keep_ended: COUNT, max_running: COUNT, rate: COUNT},
};

function checkCacheType(type) {
    if (!GObject.type_is_a(type?.$gtype ?? type, NumberCache.$gtype))
        throw new TypeError('A class derived from Tend.NumberCache is needed');
}

function checkRandomNumberCache({request_cache: requests, requestCache, 'request-cache': quoted, bits}) {
    if (!(requests ?? requestCache ?? quoted))
        throw new TypeError('A random number cache is made with its request_cache');
    if (bits !== undefined)
        checkRange(bits, BITS);
}

// What the library refuses beyond that. These are called with what it is given.
const RULES = {
    RequestCache: {
        has_type: checkCacheType, lookup_type: checkCacheType, pop_type: checkCacheType, push_timeout: checkCacheType,
    },
    Retry: {
        set_back_off(first, most) {
            if (most < first)
                throw new RangeError('The longest wait is at least as long as the first');
        },
    },
    TaskManager: {
        set_rate(nStarts, interval) {
            if (nStarts !== 0 && interval === 0)
                throw new RangeError('The interval of a rate is at least a microsecond');
        },
        set_slow_check(age, interval) {
            if (age !== FOREVER && interval === INTERVAL.none)
                throw new RangeError('A check for slow tasks has an interval');
        },
    },
};

function isRange(unit) {
    return unit.from !== undefined;
}

function checkRange(value, unit) {
    if (typeof value !== 'number')
        throw new TypeError(`${unit.what} is a number`);
    if (!(value >= unit.from && value <= unit.to))
        throw new RangeError(`${unit.what} is from ${unit.from} to ${unit.to}, and not ${value}`);
    return value;
}

function toC(time, unit) {
    if (isRange(unit))
        return checkRange(time, unit);
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

function withMilliseconds(native, units, rule) {
    return function (...args) {
        if (units.property !== undefined)
            return fromC(readLimit(this, units.property), units.result);
        const converted = convertArguments(args, units, toC);
        rule?.(...converted);
        const result = native.apply(this, converted);
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

// A property has three spellings: grace_period, gracePeriod and 'grace-period'.
function toSnakeCase(name) {
    return name.replace(/-/g, '_').replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

function toCamelCase(name) {
    return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
}

function toKebabCase(name) {
    return name.replace(/_/g, '-');
}

function convertSettings(settings, units) {
    if (settings === null || typeof settings !== 'object')
        return settings;
    const converted = {...settings};
    for (const name of Object.keys(settings)) {
        const unit = units[toSnakeCase(name)];
        if (unit !== undefined)
            converted[name] = toC(settings[name], unit);
    }
    return converted;
}

function replaceFunctions(namespace, className, functions) {
    for (const [name, units] of Object.entries(functions)) {
        const klass = namespace[className];
        const owner = className === '' ? namespace : klass[name] === undefined ? klass.prototype : klass;
        owner[name] = withMilliseconds(owner[name], units, RULES[className]?.[name]);
    }
}

function replaceProperties(klass, units) {
    const {_init} = klass.prototype;
    klass.prototype._init = function (settings, ...rest) {
        return _init.call(this, convertSettings(settings, units), ...rest);
    };
    for (const [name, unit] of Object.entries(units)) {
        const {get, set} = Object.getOwnPropertyDescriptor(klass.prototype, name);
        const converted = {
            configurable: true,
            get: isRange(unit) ? get : function () {
                return fromC(readLimit(this, toKebabCase(name)), unit);
            },
            set(time) {
                set.call(this, toC(time, unit));
            },
        };
        for (const spelling of [name, toCamelCase(name), toKebabCase(name)])
            Object.defineProperty(klass.prototype, spelling, converted);
    }
}

function replaceInit(klass, rule) {
    const {_init} = klass.prototype;
    klass.prototype._init = function (settings, ...rest) {
        rule(settings ?? {});
        return _init.call(this, settings, ...rest);
    };
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

// One table of all.
function join(...tables) {
    const joined = {};
    for (const [name, units] of tables.flatMap(table => Object.entries(table ?? {})))
        joined[name] = {...joined[name], ...units};
    return joined;
}

function emptyOf(rules = {}) {
    return Object.fromEntries(Object.keys(rules).map(name => [name, {}]));
}

function init(namespace) {
    ({NumberCache} = namespace);
    for (const className of Object.keys({...FUNCTIONS, ...RANGES})) {
        const functions = join(FUNCTIONS[className], RANGES[className], emptyOf(RULES[className]));
        replaceFunctions(namespace, className, functions);
        if (Object.keys(functions).some(isVirtual))
            replaceVirtual(namespace[className]);
    }
    for (const [className, units] of Object.entries(join(PROPERTIES, PROPERTY_RANGES)))
        replaceProperties(namespace[className], units);
    replaceInit(namespace.RandomNumberCache, checkRandomNumberCache);
    for (const [className, signals] of Object.entries(SIGNALS))
        replaceSignals(namespace[className], signals);
}
