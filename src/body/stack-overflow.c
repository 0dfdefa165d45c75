// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What ends a stack that overflows: its guard, and a line that says what happened.
//
// A guard is some pages below the stack. The kernel marks them in place where it can (Linux 6.13 and
// later). Elsewhere they are protected, which splits the mapping twice; there is a limit to
// mappings, so we use half of them at most. The stacks beyond have no guard, only a canary.
//
// The canary is that the last bytes of the page below are zero, as they are when mapped. Nothing is
// written: a pattern of our own would give every fiber a second page of memory. A stack that runs
// over leaves return addresses there, and they are never all zero.
//
// A guard faults with SIGSEGV, which says nothing about stacks. So we handle that signal, if nobody
// else does when the first guard is made: the handler writes its line, and lets the fault repeat
// without a handler, so that the process ends as it would have, core dump and all. It needs an alternate
// stack, which each thread gets that has none and runs a fiber. All handlers of the program that ask for one
// run there from then on, hence its size and its guard.
//
// Where a sanitizer is in the process the signal is the sanitizer's, and so is the alternate stack.
//
// Everything here may be called from any thread; the state is atomic.

#include "stack-private.h"
#include "tend-native-private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

/* The C library's headers may be older than the kernel. */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define CANARY_SIZE 256

/* If nothing says how many mappings a process may have: Linux's own default. */
#define DEFAULT_MAX_MAPPINGS 65530

/*
 * The size of our alternate signal stack. The program's own handlers run on it too, which may have used the thread's
 * stack before. It takes memory only where it is used. The frame that the kernel pushes comes on top.
 */
#define SIGNAL_STACK_SIZE ((GLIB_SIZEOF_VOID_P > 4 ? 256 : 64) * 1024)
#define SIGNAL_STACK_GUARD (64 * 1024)

/* Longer names are cut where the handler prints them. */
#define MAX_PRINTED_NAME 64

/* Who handles the signal. */
typedef enum
{
  HANDLER_UNDECIDED,    /* no guard has been made yet */
  HANDLER_OURS,
  HANDLER_OTHERS,       /* other code, or nobody because we were told not to */
} Handler;

static int handler = HANDLER_UNDECIDED;
static int wanted_mode = TEND_GUARD_AUTO;
static int is_madvise_missing;
static int n_protected;

/* --- The signal handler: nothing here that is not safe in one --- */

typedef struct
{
  char  text[384];
  gsize length;
} Line;

static void
add_byte (Line *line,
          char  byte)
{
  if (line->length < sizeof line->text)
    line->text[line->length++] = byte;
}

static void
add_text (Line       *line,
          const char *text)
{
  while (*text != '\0')
    add_byte (line, *text++);
}

static void
add_number (Line    *line,
            guint64  number)
{
  char digits[20];
  gsize n = 0;

  do
    digits[n++] = '0' + number % 10;
  while ((number /= 10) > 0);

  while (n > 0)
    add_byte (line, digits[--n]);
}

/* As tend_task_print_head(), but for names that are long or would break the line. */
static void
add_task (Line       *line,
          const char *name,
          guint64     id)
{
  gsize i = 0;

  add_text (line, "Task ");
  if (name == NULL)
    {
      add_number (line, id);
      return;
    }

  add_byte (line, '\'');
  for (; name[i] != '\0' && (i < MAX_PRINTED_NAME || (name[i] & 0xc0) == 0x80); i++)
    add_byte (line, (guchar) name[i] < ' ' || name[i] == 0x7f ? '?' : name[i]);
  add_text (line, name[i] == '\0' ? "'" : "...'");
}

static void
write_line (gsize size)
{
  Line line = { .length = 0 };
  const char *name;
  guint64 id;

  /* A fault within a guard belongs to the fiber that runs in this thread: other threads have no address there. */
  add_text (&line, "libtend: ");
  if (tend_peek_fiber (&name, &id))
    add_task (&line, name, id);
  else
    add_text (&line, "Fiber");
  add_text (&line, ": stack overflow: the stack has ");
  add_number (&line, size);
  add_text (&line, " bytes; tend_task_set_stack_size() gives it more\n");

  /* If the line cannot be written, nothing else can be done. */
  if (write (STDERR_FILENO, line.text, line.length) < 0)
    return;
}

static void
segv_cb (int        number,
         siginfo_t *info,
         void      *context)
{
  struct sigaction action = { .sa_handler = SIG_DFL };
  gsize size = info->si_code > 0 ? tend_stack_find_guard (info->si_addr) : 0;

  if (size > 0)
    write_line (size);

  sigemptyset (&action.sa_mask);
  sigaction (number, &action, NULL);

  /* A fault repeats when we return. A signal that someone sent does not, so we send it once more. */
  if (info->si_code <= 0)
    raise (number);
}

/* A handler that is already there is left alone. */
static gboolean
is_free (void)
{
  struct sigaction old;

  return !tend_debug_has (TEND_DEBUG_NO_OVERFLOW_REPORT) && sigaction (SIGSEGV, NULL, &old) == 0 &&
         !(old.sa_flags & SA_SIGINFO) && old.sa_handler == SIG_DFL;
}

static void
install_handler (void)
{
  static gsize is_decided;
  struct sigaction action = { .sa_sigaction = segv_cb, .sa_flags = SA_SIGINFO | SA_ONSTACK };
  Handler whose = HANDLER_OTHERS;

  if (!g_once_init_enter (&is_decided))
    return;

  sigemptyset (&action.sa_mask);
  if (is_free () && sigaction (SIGSEGV, &action, NULL) == 0)
    whose = HANDLER_OURS;

  g_atomic_int_set (&handler, whose);
  g_once_init_leave (&is_decided, 1);
}

/* --- The alternate stack: the handler cannot run on a stack that is full --- */

typedef struct
{
  char  *memory;    /* NULL: the thread uses the stack that it has */
  gsize  length;
  char  *low;       /* above the guard */
} SignalStack;

static void
signal_stack_free (gpointer data)
{
  SignalStack *own = data;
  stack_t now;

  if (own->memory != NULL)
    {
      /* Other code may have installed another stack in its place. */
      if (sigaltstack (NULL, &now) == 0 && now.ss_sp == own->low)
        sigaltstack (&(stack_t) { .ss_flags = SS_DISABLE }, NULL);

      munmap (own->memory, own->length);
    }

  g_free (own);
}

/*
 * NULL if the system has no memory for one. An overflow kills the process then as well, only without a word; and the
 * next fiber asks again.
 */
static SignalStack *
signal_stack_new (void)
{
  gsize page = getpagesize ();
  gsize guard = MAX (page, SIGNAL_STACK_GUARD);
  gsize size = MAX (getauxval (AT_MINSIGSTKSZ), MINSIGSTKSZ) + SIGNAL_STACK_SIZE;
  SignalStack *own;
  stack_t now;
  char *memory;

  if (sigaltstack (NULL, &now) != 0)
    return NULL;

  /* An alternate stack of other code serves as well. */
  if (!(now.ss_flags & SS_DISABLE))
    return g_new0 (SignalStack, 1);

  size = (size + page - 1) / page * page;
  memory = mmap (NULL, guard + size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED)
    return NULL;

  /* For the program's handlers, a stack without a guard would be worse than none. */
  if (mprotect (memory, guard, PROT_NONE) != 0 ||
      sigaltstack (&(stack_t) { .ss_sp = memory + guard, .ss_size = size }, NULL) != 0)
    {
      munmap (memory, guard + size);
      return NULL;
    }

  own = g_new (SignalStack, 1);
  own->memory = memory;
  own->length = guard + size;
  own->low = memory + guard;

  return own;
}

void
tend_stack_prepare_thread (void)
{
  static GPrivate signal_stack = G_PRIVATE_INIT (signal_stack_free);

  if (g_atomic_int_get (&handler) == HANDLER_OURS && G_UNLIKELY (g_private_get (&signal_stack) == NULL))
    g_private_set (&signal_stack, signal_stack_new ());
}

/* --- Guards --- */

static int
read_max_mappings (void)
{
  g_autofree char *text = NULL;
  int n = 0;

  if (g_file_get_contents ("/proc/sys/vm/max_map_count", &text, NULL, NULL))
    n = atoi (text);

  return n > 0 ? n : DEFAULT_MAX_MAPPINGS;
}

/* Half of the mappings are for the rest of the process, and each guard takes two. */
static int
max_protected (void)
{
  static gsize max;

  if (g_once_init_enter (&max))
    g_once_init_leave (&max, MAX (read_max_mappings () / 4, 1));

  return max;
}

static gboolean
try_madvise (char  *low,
             gsize  length)
{
  if (g_atomic_int_get (&is_madvise_missing))
    return FALSE;

  if (madvise (low, length, MADV_GUARD_INSTALL) == 0)
    return TRUE;

  if (errno == EINVAL)
    g_atomic_int_set (&is_madvise_missing, TRUE);

  return FALSE;
}

static gboolean
try_mprotect (char  *low,
              gsize  length)
{
  if (g_atomic_int_add (&n_protected, 1) < max_protected () &&
      mprotect (low, length, PROT_NONE) == 0)
    return TRUE;

  g_atomic_int_add (&n_protected, -1);

  return FALSE;
}

/* Guards the stack above @low and @length with the best guard that is available. */
TendGuardMode
tend_guard_make (char  *low,
                 gsize  length)
{
  TendGuardMode wanted = g_atomic_int_get (&wanted_mode);
  TendGuardMode made = TEND_GUARD_CANARY;

  if (wanted <= TEND_GUARD_MADVISE && try_madvise (low, length))
    made = TEND_GUARD_MADVISE;
  else if (wanted <= TEND_GUARD_MPROTECT && try_mprotect (low, length))
    made = TEND_GUARD_MPROTECT;

  if (made != TEND_GUARD_CANARY)
    install_handler ();

  return made;
}

/* A guard of that kind was unmapped. */
void
tend_guard_forget (TendGuardMode guard)
{
  if (guard == TEND_GUARD_MPROTECT)
    g_atomic_int_add (&n_protected, -1);
}

void
tend_stack_check_canary (const TendStack *stack,
                         const char      *owner)
{
  const guint64 *canary = (const guint64 *) (stack->low - CANARY_SIZE);
  guint64 seen = 0;

  for (gsize i = 0; i < CANARY_SIZE / sizeof *canary; i++)
    seen |= canary[i];

  if (seen != 0)
    g_error ("%s: stack overflow: the stack has %" G_GSIZE_FORMAT " bytes; tend_task_set_stack_size() gives it more",
             owner != NULL ? owner : "Fiber", stack->size);
}

void
tend_stack_set_guard_mode (TendGuardMode mode)
{
  g_atomic_int_set (&wanted_mode, mode);

  /* Idle stacks keep the guard that they have. */
  tend_stack_trim (TRUE);
}
