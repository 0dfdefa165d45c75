// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the overrides of GJS add to the types that ts-for-gir makes of the GIR. Times are milliseconds here. A class's own
// functions and its constructor cannot be declared anew: patch-types.py writes those into what ts-for-gir has made.

import type Gio from 'gi://Gio?version=2.0';
import type GObject from 'gi://GObject?version=2.0';

declare module 'gi://Tend?version=1' {
    export namespace Tend {
        /** A body: what it returns, or what its promise settles with, ends the task. */
        type Body<T = unknown> = (task: Task) => T | PromiseLike<T> | Generator<unknown, T, any>;

        /** The function of an open task, which only begins the work. */
        type Begin = (task: Task) => unknown;

        /** A callback of a task's scope: a timer or a watch goes on unless it returns false. */
        type Work = (task: Task) => unknown;

        /** An exit handler or a cancel handler. */
        type Handler = (task: Task) => unknown;

        /** What is awaited by combinators and groups. */
        type Awaitable<T = unknown> = PromiseLike<T> | Generator<unknown, T, any>;

        /** What an awaitable gives. */
        type Given<A> = A extends Generator<unknown, infer T, any> ? T : Awaited<A>;

        /** A task whose body is known, and so what it gives. */
        interface TypedTask<T> extends Task {
            readonly result: T;

            get_result(): T;
            wait(cancellable?: Gio.Cancellable | null): Promise<T>;
            then<A = T, B = never>(onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
                onRejected?: ((reason: any) => B | PromiseLike<B>) | null): Promise<A | B>;
            catch<A = never>(onRejected?: ((reason: any) => A | PromiseLike<A>) | null): Promise<T | A>;
            finally(onSettled?: (() => void) | null): Promise<T>;
            with_timeout(timeout: number | bigint | null): TypedTask<T>;
        }

        /** What several tasks have failed with. */
        interface SeveralError extends AggregateError {
            readonly domain: number;
            readonly code: number;

            matches(domain: unknown, code: number): boolean;
        }

        interface RetrySettings {
            max_attempts?: number;
            maxAttempts?: number;
            first_wait?: number;
            firstWait?: number;
            longest_wait?: number;
            longestWait?: number;
            factor?: number;
            jitter?: number;
            timeout?: number | null;
            seed?: number;
            predicate?: (task: Task, attempt: number, error: any) => boolean;
        }

        /** How a task runs; times in milliseconds. */
        interface TaskOptions {
            delay?: number;
            interval?: number;
            interval_mode?: IntervalMode;
            intervalMode?: IntervalMode;
            keep_going?: boolean;
            keepGoing?: boolean;
            priority?: number;
            deadline?: number | null;
        }

        interface RegisterOptions extends TaskOptions {
            policy?: NamePolicy;
        }

        /** Lets milliseconds pass. */
        function sleep(milliseconds: number, cancellable?: Gio.Cancellable | null): Promise<void>;

        /** Waits until a descriptor is ready, and gives the conditions that it is in. */
        function wait_fd(fd: number, condition?: number): Promise<number>;

        /** Lets a turn of the loop pass, and a task of its own stand still while it is paused. */
        function checkpoint(): Promise<unknown>;

        /** Runs the main loop until a task has ended, and gives its result. */
        function run<T>(main: TypedTask<T> | Body<T>): T;

        function wait_all(tasks: Iterable<Awaitable>): TypedTask<void>;
        function when_all<A extends readonly Awaitable[]>(tasks: [...A]): TypedTask<{[N in keyof A]: Given<A[N]>}>;
        function when_all<T>(tasks: Iterable<Awaitable<T>>): TypedTask<T[]>;
        function when_any<T>(tasks: Iterable<Awaitable<T>>): TypedTask<TypedTask<T>>;
        function when_first_success<T>(tasks: Iterable<Awaitable<T>>): TypedTask<TypedTask<T>>;
        function when_first_error<T>(tasks: Iterable<Awaitable<T>>): TypedTask<T[]>;
        function when_each(tasks: Iterable<Awaitable>): TaskStream;

        /** Reports errors that nobody has observed. */
        function set_unobserved_func(func: ((task: string, error: any, origin: string) => void) | null): void;

        interface Task extends PromiseLike<any> {
            readonly result: any;

            get_result(): any;
            return_value(value: unknown): void;
            return_error(exception: unknown): void;

            wait(cancellable?: Gio.Cancellable | null): Promise<any>;

            /** Waits in this task for a promise or another task: what goes on then is this task's code. */
            wait_for<T>(awaitable: Awaitable<T>): Promise<T>;

            catch<T = never>(onRejected?: ((reason: any) => T | PromiseLike<T>) | null): Promise<any>;
            finally(onSettled?: (() => void) | null): Promise<any>;
        }

        interface TaskManager<A extends GObject.Object = GObject.Object> extends Iterable<Task> {
            readonly size: number;

            has(name: string): boolean;
            get(name: string): Task | null;

            register<T>(name: string | null, body: Body<T>, options?: RegisterOptions | NamePolicy): TypedTask<T>;
            register<T>(task: TypedTask<T>, options?: RegisterOptions | NamePolicy): TypedTask<T>;
            register(task: Task, options?: RegisterOptions | NamePolicy): Task;
            register_anonymous<T>(base: string, body: Body<T>, options?: RegisterOptions): TypedTask<T>;
            debounce<T>(name: string, delay: number, body: Body<T>): TypedTask<T>;
            debounce(task: Task, delay: number): Task;
            throttle<T>(name: string, interval: number, body: Body<T>): TypedTask<T>;
            throttle(task: Task, interval: number): Task;

            shutdown(cancellable?: Gio.Cancellable | null): Promise<boolean>;
            drain(cancellable?: Gio.Cancellable | null): Promise<boolean>;
            wait_for_tasks(cancellable?: Gio.Cancellable | null): Promise<boolean>;
        }

        interface Group {
            /** Takes a task, or what can be awaited. */
            add(child: Awaitable): void;

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
            run<T>(body: () => T | PromiseLike<T> | Generator<unknown, T, any>): Promise<T>;
        }

        interface Event {
            wait(cancellable?: Gio.Cancellable | null): Promise<boolean>;
        }

        interface Condition {
            wait(cancellable?: Gio.Cancellable | null): Promise<boolean>;
        }

        interface TaskStream extends AsyncIterable<Task> {
        }

        interface Cancellable {
            /** Calls the action, and onCancel() if this is cancelled before what the action gives has ended. */
            run<T>(onCancel: () => void, action: () => T): T;
        }

        interface Retry {
            run<T>(name: string | null, body: (task: Task, attempt: number) => T | PromiseLike<T> |
                Generator<unknown, T, any>): TypedTask<T>;
            create_task<T>(name: string | null, body: (task: Task, attempt: number) => T | PromiseLike<T> |
                Generator<unknown, T, any>): TypedTask<T>;
            set_predicate(predicate: ((task: Task, attempt: number, error: any) => boolean) | null): void;
        }

        interface NumberCache {
            add_task(task: Task, value: unknown): void;
            add_task_with_error(task: Task, exception: unknown): void;
        }

        interface Completion extends PromiseLike<any> {
            catch<T = never>(onRejected?: ((reason: any) => T | PromiseLike<T>) | null): Promise<any>;
            finally(onSettled?: (() => void) | null): Promise<any>;
            set_value(value: unknown): void;
            set_error(exception: unknown): void;
        }
    }
}
