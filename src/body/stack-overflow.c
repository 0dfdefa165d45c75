// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What ends a stack that overflows: its guard, and a line that says what happened.
//
// A guard is the page below the stack. The kernel marks it in place where it can (Linux 6.13 and
// later). Elsewhere the page is protected, which splits the mapping twice; there is a limit to
// mappings, so we use half of them at most. The stacks beyond have no guard, only a canary.
//
// The canary is that the last bytes of the page below are zero, as they are when mapped. Nothing is
// written: a pattern of our own would give every fiber a second page of memory. A stack that runs
// over leaves return addresses there, and they are never all zero.
//
// The page faults with SIGSEGV, which says nothing about stacks. So we handle that signal, if nobody
// else does when the first guard is made: the handler writes its line, and lets the fault repeat
// without a handler, so that the process ends as it would have, core dump and all.
//
// Everything here may be called from any thread; the state is atomic.

#include "tend-body-private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

/* What the handler itself needs; the frame that the kernel pushes comes on top. */
#define HANDLER_STACK_SIZE 8192

static int wanted_mode = TEND_GUARD_AUTO;
static int is_madvise_missing;
static int n_protected;

/* --- The signal handler: nothing here that is not safe in one --- */

/* Under a sanitizer the signal is the sanitizer's, which reports it better. */
#ifndef TEND_SWITCH_ANNOTATED

static void
write_line (gsize size)
{
  static const char before[] = "libtend: stack overflow in a fiber: its stack has ";
  static const char after[] = " bytes; tend_task_set_stack_size() gives it more\n";
  char line[sizeof before + 20 + sizeof after];
  char digits[20];
  gsize n_digits = 0;
  gsize length = sizeof before - 1;

  do
    digits[n_digits++] = '0' + size % 10;
  while ((size /= 10) > 0);

  memcpy (line, before, length);
  while (n_digits > 0)
    line[length++] = digits[--n_digits];
  memcpy (line + length, after, sizeof after - 1);
  length += sizeof after - 1;

  /* If it cannot be written there is nobody to tell. */
  if (write (STDERR_FILENO, line, length) < 0)
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

static void
install_handler (void)
{
  static gsize is_installed;
  struct sigaction action = { .sa_sigaction = segv_cb, .sa_flags = SA_SIGINFO | SA_ONSTACK };
  struct sigaction old;

  if (!g_once_init_enter (&is_installed))
    return;

  /* Whoever handles the signal already is not to be disturbed. */
  sigemptyset (&action.sa_mask);
  if (sigaction (SIGSEGV, NULL, &old) == 0 &&
      !(old.sa_flags & SA_SIGINFO) && old.sa_handler == SIG_DFL)
    sigaction (SIGSEGV, &action, NULL);

  g_once_init_leave (&is_installed, 1);
}

/* --- The alternate stack: the handler cannot run on a stack that is full --- */

typedef struct
{
  char  *memory;    /* NULL: the thread does with what it has */
  gsize  length;
} SignalStack;

static void
signal_stack_free (gpointer data)
{
  SignalStack *own = data;
  stack_t now;

  if (own->memory != NULL)
    {
      /* Somebody may have put another one in its place. */
      if (sigaltstack (NULL, &now) == 0 && now.ss_sp == own->memory)
        sigaltstack (&(stack_t) { .ss_flags = SS_DISABLE }, NULL);

      munmap (own->memory, own->length);
    }

  g_free (own);
}

static SignalStack *
signal_stack_new (void)
{
  gsize page = getpagesize ();
  gsize length = MAX (getauxval (AT_MINSIGSTKSZ), MINSIGSTKSZ) + HANDLER_STACK_SIZE;
  SignalStack *own = g_new0 (SignalStack, 1);
  stack_t now;
  char *memory;

  /* An alternate stack of somebody else's serves as well. */
  if (sigaltstack (NULL, &now) != 0 || !(now.ss_flags & SS_DISABLE))
    return own;

  length = (length + page - 1) / page * page;
  memory = mmap (NULL, length, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

  /* Without one, an overflow kills the process as well, only without a word. */
  if (memory == MAP_FAILED)
    return own;

  own->memory = memory;
  own->length = length;
  sigaltstack (&(stack_t) { .ss_sp = memory, .ss_size = length }, NULL);

  return own;
}

#endif

void
tend_stack_prepare_thread (void)
{
#ifndef TEND_SWITCH_ANNOTATED
  static GPrivate signal_stack = G_PRIVATE_INIT (signal_stack_free);

  if (G_UNLIKELY (g_private_get (&signal_stack) == NULL))
    g_private_set (&signal_stack, signal_stack_new ());
#endif
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
try_madvise (char  *page,
             gsize  length)
{
  if (g_atomic_int_get (&is_madvise_missing))
    return FALSE;

  if (madvise (page, length, MADV_GUARD_INSTALL) == 0)
    return TRUE;

  if (errno == EINVAL)
    g_atomic_int_set (&is_madvise_missing, TRUE);

  return FALSE;
}

static gboolean
try_mprotect (char  *page,
              gsize  length)
{
  if (g_atomic_int_add (&n_protected, 1) < max_protected () &&
      mprotect (page, length, PROT_NONE) == 0)
    return TRUE;

  g_atomic_int_add (&n_protected, -1);

  return FALSE;
}

/* Guards the stack above @page with the best that can be had. */
TendGuardMode
tend_guard_make (char  *page,
                 gsize  length)
{
  TendGuardMode wanted = g_atomic_int_get (&wanted_mode);
  TendGuardMode made = TEND_GUARD_CANARY;

  if (wanted <= TEND_GUARD_MADVISE && try_madvise (page, length))
    made = TEND_GUARD_MADVISE;
  else if (wanted <= TEND_GUARD_MPROTECT && try_mprotect (page, length))
    made = TEND_GUARD_MPROTECT;

#ifndef TEND_SWITCH_ANNOTATED
  if (made != TEND_GUARD_CANARY)
    install_handler ();
#endif

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
    g_error ("Stack overflow in %s: it has %" G_GSIZE_FORMAT " bytes; tend_task_set_stack_size() gives it more",
             owner != NULL ? owner : "a fiber", stack->size);
}

void
tend_stack_set_guard_mode (TendGuardMode mode)
{
  g_atomic_int_set (&wanted_mode, mode);

  /* Idle stacks have the guard of before. */
  tend_stack_trim (TRUE);
}
