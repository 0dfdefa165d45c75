// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What Vala has beyond the GIR. The methods with a body are compiled into the program that calls them;
// the library has nothing of them. vapigen writes a body down as it understands it, and what it makes of
// loops, and of calls that throw within an expression, is no Vala any more: there are none.

namespace Tend {
	[CCode (cheader_filename = "tend.h", cname = "TendAsyncFunc", instance_pos = 4.9)]
	[Version (since = "0.1")]
	public delegate void AsyncFunc (Tend.Task task, GLib.Cancellable? cancellable, GLib.AsyncReadyCallback callback);
	[CCode (cheader_filename = "tend.h", cname = "TendFinishFunc", instance_pos = 2.9)]
	[Version (since = "0.1")]
	public delegate bool FinishFunc (Tend.Task task, GLib.AsyncResult result) throws GLib.Error;

	// Waits in a fiber for what begin () has begun, and gives the result for its end ().
	[CCode (cname = "_tend_vala_await_async")]
	[Version (since = "0.1")]
	public static GLib.AsyncResult await_async (Tend.AsyncFunc begin) throws GLib.Error {
		Tend.Call call = {};
		begin (Tend.Task.get_current (), call.start (), (source, ready) => Tend._call_ready (source, ready, &call));
		call.await ();
		return call.result;
	}

	[CCode (cname = "tend_call_ready")]
	public static void _call_ready (GLib.Object? source, GLib.AsyncResult result, void* call);

	// An operation that a fiber, or the body of a thread, waits for. It is waited for at the end of its scope, too.
	[CCode (cheader_filename = "tend.h", cname = "TendCall", destroy_function = "tend_call_clear",
	        has_type_id = false, has_copy_function = false, lvalue_access = false)]
	[Version (since = "0.1")]
	public struct Call {
		public GLib.AsyncResult? result;
		[CCode (cname = "tend_call_start")]
		[Version (since = "0.1")]
		public unowned GLib.Cancellable start ();
		[CCode (cname = "tend_await_call")]
		[Version (since = "0.1")]
		public bool await () throws GLib.Error;
	}

	// In C the two functions of an asynchronous body have their data in common. Here each is a closure of
	// its own; the closures around them share theirs, and that has both.
	public sealed class Task : GLib.Object {
		[CCode (cname = "_tend_vala_task_new_async")]
		[Version (since = "0.1")]
		public static Tend.Task new_async (string? name, owned Tend.AsyncFunc begin, owned Tend.FinishFunc finish) {
			return _new_async (name,
				(task, cancellable, callback) => begin (task, cancellable, callback),
				(task, result) => finish (task, result));
		}
		[CCode (cname = "_tend_vala_task_run_async")]
		[Version (since = "0.1")]
		public static Tend.Task run_async (string? name, owned Tend.AsyncFunc begin, owned Tend.FinishFunc finish) {
			return _run_async (name,
				(task, cancellable, callback) => begin (task, cancellable, callback),
				(task, result) => finish (task, result));
		}
		[CCode (cname = "tend_task_new_async")]
		public static Tend.Task _new_async (string? name,
			[CCode (delegate_target_pos = 3.1, destroy_notify_pos = 3.2)] owned Tend.AsyncFunc begin,
			[CCode (delegate_target = false)] Tend.FinishFunc finish);
		[CCode (cname = "tend_task_run_async")]
		public static Tend.Task _run_async (string? name,
			[CCode (delegate_target_pos = 3.1, destroy_notify_pos = 3.2)] owned Tend.AsyncFunc begin,
			[CCode (delegate_target = false)] Tend.FinishFunc finish);

		// They are true, so that a body can end with "return task.return_int (42);".
		[CCode (cname = "_tend_vala_task_return_boolean")]
		[Version (since = "0.1")]
		public bool return_boolean (bool value) {
			this._return_boolean (value);
			return true;
		}
		[CCode (cname = "_tend_vala_task_return_int")]
		[Version (since = "0.1")]
		public bool return_int (int64 value) {
			this._return_int (value);
			return true;
		}
		[CCode (cname = "_tend_vala_task_return_double")]
		[Version (since = "0.1")]
		public bool return_double (double value) {
			this._return_double (value);
			return true;
		}
		[CCode (cname = "_tend_vala_task_return_string")]
		[Version (since = "0.1")]
		public bool return_string (string? value) {
			this._return_string (value);
			return true;
		}
		[CCode (cname = "_tend_vala_task_return_object")]
		[Version (since = "0.1")]
		public bool return_object (GLib.Object? value) {
			this._return_object (value);
			return true;
		}
		[CCode (cname = "_tend_vala_task_return_value")]
		[Version (since = "0.1")]
		public bool return_value (GLib.Value? value = null) {
			this._return_value (value);
			return true;
		}
	}

	public class TaskManager : GLib.Object {
		// For "name in manager", and for "foreach (var task in manager)".
		[CCode (cname = "tend_task_manager_is_active")]
		[Version (since = "0.1")]
		public bool contains (string name);
		[CCode (cname = "_tend_vala_task_manager_iterator")]
		[Version (since = "0.1")]
		public Tend.TaskIterator iterator () {
			var iterator = new Tend.TaskIterator (typeof (Tend.Task));
			this.list_tasks ().foreach ((task) => iterator._append (task));
			return iterator;
		}
	}

	// The tasks of a manager as they were when the loop began, which may cancel and register some. A list
	// store gives them in order, owns those that a loop has left behind, and needs no type of C's.
	[CCode (cheader_filename = "tend.h", cname = "GListStore", type_id = "g_list_store_get_type ()")]
	[Version (since = "0.1")]
	public sealed class TaskIterator : GLib.Object, GLib.ListModel {
		[CCode (cname = "_tend_vala_task_iterator_next_value")]
		public Tend.Task? next_value () {
			Tend.Task? task = (Tend.Task?) this.get_item (0);
			if (task != null)
				this._remove (0);
			return task;
		}
		[CCode (cname = "g_list_store_new", has_construct_function = false)]
		public TaskIterator (GLib.Type type);
		[CCode (cname = "g_list_store_append")]
		public void _append (Tend.Task task);
		[CCode (cname = "g_list_store_remove")]
		public void _remove (uint position);
	}

	// Whoever makes a cache gives it these, and nobody changes them. That they are no construct properties
	// is for the sake of speed, and makes no difference to Object ().
	public class NumberCache : GLib.Object {
		public uint64 number { get; construct; }
		public GLib.Bytes? key { get; construct; }
		public string prefix { get; construct; }
		public Tend.NumberCache? reservation { construct; }
	}

	// In a fiber, "foreach (var value in channel)" receives until the channel is closed ...
	public sealed class Channel : GLib.Object {
		[CCode (cname = "_tend_vala_channel_iterator")]
		[Version (since = "0.1")]
		public Tend.Channel iterator () {
			return this;
		}
		[CCode (cname = "_tend_vala_channel_next_value")]
		[Version (since = "0.1")]
		public GLib.Value? next_value () throws GLib.Error {
			GLib.Value value;
			bool is_there = this.await_receive (out value);
			if (is_there)
				return value;
			return null;
		}
	}

	// ... and "foreach (var task in Tend.when_each (tasks))" waits for one after the other.
	public sealed class TaskStream : GLib.Object {
		[CCode (cname = "_tend_vala_task_stream_iterator")]
		[Version (since = "0.1")]
		public Tend.TaskStream iterator () {
			return this;
		}
		[CCode (cname = "_tend_vala_task_stream_next_value")]
		[Version (since = "0.1")]
		public Tend.Task? next_value () throws GLib.Error {
			Tend.Task next = this.next ();
			Tend.await (next);
			return (Tend.Task?) next.get_object ();
		}
	}
}
