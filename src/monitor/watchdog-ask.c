// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How the watchdog's thread asks the watched one what it does: by a signal, whose handler runs there.
//
// Only the thread itself knows its current task and source, and can walk its own stack. The answer
// goes into a static buffer, and an eventfd says that it is there. One question is on the way at a
// time, and "state" says where it is:
//
//    IDLE -> ASKED        by who asks, which then sends the signal
//    ASKED -> ANSWERING   by the handler, which from here on owns the buffer
//    ANSWERING -> ANSWERED   by the handler; the eventfd is written right after it
//    ASKED -> IDLE        by who asks, when the signal does not come through
//    ANSWERED -> IDLE     by who asks, which then owns the buffer
//
// The handler does what is safe in one. Two things are safe only the second time, since the first
// allocates: backtrace() and the variables of a thread. So all of them are used once at the start.
// Names are copied while the one thread that may free them stands in the handler.
//
// The handler runs on the alternate stack where the thread has one, and threads with fibers do: it
// takes nothing of a fiber's small stack.

/* REG_RIP */
#define _GNU_SOURCE

#include "tend-monitor-private.h"
#include "tend-task-private.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef HAVE_BACKTRACE
#include <execinfo.h>
#endif

/*
 * The C library has no use for it, its default is to be ignored, so that one too many does no harm,
 * and debuggers pass it on without a word. Nearly no program asks for it (it tells of out-of-band
 * data on a socket whose owner was set), while SIGUSR1 and the real-time signals are often taken.
 */
#define ASK_SIGNAL SIGURG

/* A thread that has not answered by then has the signal blocked, or waits for a disk. */
#define ANSWER_TIMEOUT_MS 1000

enum { IDLE, ASKED, ANSWERING, ANSWERED };

static int state = IDLE;            /* atomic */
static gint64 asked_since;          /* who asks, before ASKED: which block the question is about */
static gboolean is_over;            /* as the answer */
static TendAnswer answer;           /* the handler's while ANSWERING, else who asks has it */
static pthread_t witness;           /* constant from begin to end */
static int answer_fd = -1;          /* likewise */
static struct sigaction before;     /* likewise */

/* --- In the blocked thread, in a signal handler --- */

static void
copy_name (char       *to,
           const char *from)
{
  gsize length = strnlen (from, TEND_ANSWER_NAME_SIZE - 1);

  memcpy (to, from, length);
  to[length] = '\0';
}

#ifdef HAVE_BACKTRACE

/* Where the thread was when the signal came; NULL where we do not know how to tell. */
static gconstpointer
interrupted_at (const ucontext_t *context)
{
#if defined (__x86_64__) && defined (__LP64__)
  return (gconstpointer) (guintptr) context->uc_mcontext.gregs[REG_RIP];
#elif defined (__aarch64__)
  return (gconstpointer) (guintptr) context->uc_mcontext.pc;
#else
  return NULL;
#endif
}

#endif

static void
take_trace (const ucontext_t *context)
{
  answer.first_frame = answer.n_frames = 0;

#ifdef HAVE_BACKTRACE
  gconstpointer here = interrupted_at (context);

  answer.n_frames = backtrace (answer.frames, TEND_ANSWER_MAX_FRAMES);
  for (int i = 0; i < answer.n_frames; i++)
    {
      if (answer.frames[i] == here)
        answer.first_frame = i;
    }
#endif
}

static void
take_names (void)
{
  TendTask *task = tend_task_peek_current ();
  GSource *source = g_main_current_source ();
  const char *source_name = source != NULL ? g_source_get_name (source) : NULL;

  answer.has_task = task != NULL;
  answer.task_id = task != NULL ? tend_task_peek_id (task) : 0;
  answer.has_task_name = task != NULL && tend_task_peek_name (task) != NULL;
  if (answer.has_task_name)
    copy_name (answer.task_name, tend_task_peek_name (task));

  answer.source = source;
  answer.has_source_name = source_name != NULL;
  if (answer.has_source_name)
    copy_name (answer.source_name, source_name);
}

static void
signal_cb (int        number,
           siginfo_t *info,
           void      *context)
{
  int saved_errno = errno;

  /* Other code may send the signal, to any thread. */
  if (g_atomic_int_get (&state) == ASKED && pthread_equal (pthread_self (), witness) &&
      g_atomic_int_compare_and_exchange (&state, ASKED, ANSWERING))
    {
      is_over = tend_watch_busy_since () != asked_since;
      if (!is_over)
        {
          take_names ();
          take_trace (context);
        }

      g_atomic_int_set (&state, ANSWERED);

      /* There is room in the counter: whoever asks takes out what was written each time. */
      while (eventfd_write (answer_fd, 1) != 0 && errno == EINTR)
        continue;
    }

  errno = saved_errno;
}

/* --- In the watchdog's thread --- */

/* Takes what the handler has written: FALSE after @timeout_ms without it. */
static gboolean
wait_for_answer (int timeout_ms)
{
  struct pollfd fd = { .fd = answer_fd, .events = POLLIN };
  eventfd_t value;
  int n_ready;

  do
    n_ready = poll (&fd, 1, timeout_ms);
  while (n_ready < 0 && errno == EINTR);

  if (n_ready > 0)
    eventfd_read (answer_fd, &value);

  /* A process that has set its limit of descriptors to none may not poll. */
  for (int i = 0; n_ready < 0 && i < timeout_ms && g_atomic_int_get (&state) != ANSWERED; i++)
    g_usleep (1000);

  return g_atomic_int_get (&state) == ANSWERED;
}

TendAskResult
tend_watch_ask (gint64             since,
                const TendAnswer **answer_out)
{
  eventfd_t left;

  /* What was written after somebody had seen the answer already. */
  eventfd_read (answer_fd, &left);

  asked_since = since;
  g_atomic_int_set (&state, ASKED);

  /* The thread stops the watchdog before it ends, so it is there. */
  if (pthread_kill (witness, ASK_SIGNAL) != 0 || !wait_for_answer (ANSWER_TIMEOUT_MS))
    {
      if (g_atomic_int_compare_and_exchange (&state, ASKED, IDLE))
        return tend_watch_busy_since () == since ? TEND_ASK_SILENT : TEND_ASK_OVER;

      /* It has begun to answer at this moment. */
      while (g_atomic_int_get (&state) != ANSWERED)
        g_thread_yield ();
    }

  g_atomic_int_set (&state, IDLE);
  if (is_over)
    return TEND_ASK_OVER;

  *answer_out = &answer;
  return TEND_ASK_ANSWERED;
}

/* --- The start and the end, in the watched thread --- */

/* Functions that are safe in a handler only after a first use in this thread, or in the process. */
static void
prepare_handler (void)
{
  tend_task_peek_current ();
  g_main_current_source ();

#ifdef HAVE_BACKTRACE
  backtrace (answer.frames, TEND_ANSWER_MAX_FRAMES);
#endif
}

/* Makes the calling thread the one that is watched. */
gboolean
tend_watch_ask_begin (GError **error)
{
  struct sigaction action = { .sa_sigaction = signal_cb, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK };

  if (sigaction (ASK_SIGNAL, NULL, &before) != 0 ||
      (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   _("Watchdog: it needs the signal %d (%s), and something else handles that"),
                   ASK_SIGNAL, g_strsignal (ASK_SIGNAL));
      return FALSE;
    }

  answer_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (answer_fd < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   _("Watchdog: cannot create an eventfd: %s"), g_strerror (saved_errno));
      return FALSE;
    }

  witness = pthread_self ();
  prepare_handler ();

  sigemptyset (&action.sa_mask);
  sigaction (ASK_SIGNAL, &action, NULL);

  return TRUE;
}

/* Nobody asks any more. Safe in the child of a fork(). */
void
tend_watch_ask_end (void)
{
  struct sigaction now;

  /* A handler that other code has set meanwhile is not ours to remove. */
  if (sigaction (ASK_SIGNAL, NULL, &now) == 0 && now.sa_sigaction == signal_cb)
    sigaction (ASK_SIGNAL, &before, NULL);

  g_atomic_int_set (&state, IDLE);
  if (answer_fd >= 0)
    close (answer_fd);
  answer_fd = -1;
}
