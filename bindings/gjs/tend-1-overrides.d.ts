// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the overrides of GJS add to the types that ts-for-gir makes of the GIR. Times are milliseconds here. A
// class's own "new", "run", "new_open" and "run_open" cannot be declared anew: what takes options is reached through a
// manager, and the function of an open task returns a boolean to the compiler, which nothing reads.

import type Gio from 'gi://Gio?version=2.0';
import type GObject from 'gi://GObject?version=2.0';

declare module 'gi://Tend?version=1' {
    export namespace Tend {
        /** A body: what it returns, or what its promise settles with, ends the task. */
        type Body = (task: Task) => unknown;

        /** How a task runs; times in milliseconds. */
        interface TaskOptions {
            delay?: number;
            interval?: number;
            interval_mode?: IntervalMode;
            keep_going?: boolean;
            priority?: number;
            deadline?: number;
        }

        interface RegisterOptions extends TaskOptions {
            policy?: NamePolicy;
        }

        /** Lets milliseconds pass. */
        function sleep(milliseconds: number): Task;

        /** Waits until a descriptor is ready, and gives the conditions that it is in. */
        function wait_fd(fd: number, condition?: number): Task;

        /** Lets a turn of the loop pass, and a task of its own stand still while it is paused. */
        function checkpoint(): Promise<unknown>;

        /** Runs the main loop until a task has ended, and gives its result. */
        function run(main: Task | Body): any;

        function wait_all(tasks: Iterable<Task>): Task;
        function when_all(tasks: Iterable<Task>): Task;
        function when_any(tasks: Iterable<Task>): Task;
        function when_first_success(tasks: Iterable<Task>): Task;
        function when_first_error(tasks: Iterable<Task>): Task;
        function when_each(tasks: Iterable<Task>): TaskStream;

        interface Task extends PromiseLike<any> {
            readonly result: any;

            get_result(): any;
            return_error(exception: unknown): void;

            wait(cancellable?: Gio.Cancellable | null): Promise<any>;

            /** Waits in this task for a promise or another task: what goes on then is this task's code. */
            wait_for<T>(promise: PromiseLike<T>): Promise<T>;

            catch<T = never>(onRejected?: ((reason: any) => T | PromiseLike<T>) | null): Promise<any>;
            finally(onSettled?: (() => void) | null): Promise<any>;
        }

        interface TaskManager<A extends GObject.Object = GObject.Object> extends Iterable<Task> {
            readonly size: number;

            has(name: string): boolean;
            get(name: string): Task | null;

            register(name: string | null, body: Body, options?: RegisterOptions): Task;
            register(task: Task, options?: RegisterOptions): Task;
            register_anonymous(base: string, body: Body, options?: RegisterOptions): Task;

            shutdown(cancellable?: Gio.Cancellable | null): Promise<boolean>;
            drain(cancellable?: Gio.Cancellable | null): Promise<boolean>;
            wait_for_tasks(cancellable?: Gio.Cancellable | null): Promise<boolean>;
        }

        interface Group {
            /** Waits until no child is left; to cancel the caller cancels the children. */
            wait(timeout?: number | null): Promise<any>;
            join(timeout?: number | null): Task;
        }

        interface RequestCache {
            readonly size: number;

            clear_with_error(exception: unknown): void;
            shutdown(cancellable?: Gio.Cancellable | null): Promise<boolean>;
        }

        interface Channel extends AsyncIterable<any> {
            readonly size: number;

            send(value: unknown, cancellable?: Gio.Cancellable | null): Promise<boolean>;
            receive(cancellable?: Gio.Cancellable | null): Promise<any>;

            /** Waits for a value, and gives all that the channel holds. */
            receive_all(cancellable?: Gio.Cancellable | null): Promise<any[]>;
            try_receive_all(): any[];
        }

        interface Semaphore {
            acquire(cancellable?: Gio.Cancellable | null): Promise<boolean>;

            /** Calls the function with a permit, which is released when what the function gives has ended. */
            run<T>(body: () => T | PromiseLike<T>): Promise<T>;
        }

        interface Event {
            wait(cancellable?: Gio.Cancellable | null): Promise<boolean>;
        }

        interface Condition {
            wait(cancellable?: Gio.Cancellable | null): Promise<boolean>;
        }

        interface TaskStream extends AsyncIterable<Task> {
        }

        interface Completion {
            set_value(value: unknown): void;
            set_error(exception: unknown): void;
        }
    }
}
