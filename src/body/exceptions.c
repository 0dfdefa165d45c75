// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The exceptions of C++, which its runtime keeps for each thread: those that are being handled, and how many are on
// their way. A fiber that waits in a catch block would leave its own there for whoever runs next, so they are
// switched with the stack. What is read and written here is the ABI that the runtimes of GCC and Clang share.
//
// The library does not link to such a runtime. It is there if the program is C++, or something that it has loaded, and
// may come later than the first fiber. So until there is one, each fiber asks the loader at its first wait whether
// anything was loaded since the last asked, which takes 20 ns.
//
// What is not found is a runtime that is linked statically into a plugin. A fiber that loads the first C++ of the
// process itself after its first wait, and waits in a catch block of it before any other fiber has waited, is not
// helped either.

#define _GNU_SOURCE

#include "switch-private.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

/* Found when this library is loaded, where the runtime was loaded before. */
__attribute__ ((weak, visibility ("default"))) TendExceptions *__cxa_get_globals (void);

TEND_THREAD TendExceptions *tend_exceptions;

TendExceptionsFunc tend_exceptions_func;

static guint n_loaded;      /* atomic; how much had been loaded when nothing was found */

static const char *const runtimes[] = { "libstdc++.so", "libc++abi.so", "libcxxrt.so" };

typedef struct
{
  char path[512];           /* of the runtime; empty: it is not among what is loaded */
} Search;

static int
count_cb (struct dl_phdr_info *info,
          size_t               size,
          void                *data)
{
  *(guint *) data = (guint) info->dlpi_adds;
  return 1;
}

static int
look_cb (struct dl_phdr_info *info,
         size_t               size,
         void                *data)
{
  Search *search = data;
  const char *name = strrchr (info->dlpi_name, '/');

  name = name != NULL ? name + 1 : info->dlpi_name;
  for (gsize i = 0; i < G_N_ELEMENTS (runtimes); i++)
    if (strncmp (name, runtimes[i], strlen (runtimes[i])) == 0)
      return g_strlcpy (search->path, info->dlpi_name, sizeof search->path) < sizeof search->path;

  return 0;
}

/* In what the program and this library see, or in what was loaded for somebody else alone. */
static TendExceptionsFunc
look_for_func (void)
{
  TendExceptionsFunc func = (TendExceptionsFunc) dlsym (RTLD_DEFAULT, "__cxa_get_globals");
  Search search = { 0 };
  void *runtime;

  if (func != NULL || dl_iterate_phdr (look_cb, &search) == 0)
    return func;

  /* It is not closed again: what we have of it must stay. */
  runtime = dlopen (search.path, RTLD_LAZY | RTLD_NOLOAD);
  return runtime != NULL ? (TendExceptionsFunc) dlsym (runtime, "__cxa_get_globals") : NULL;
}

void
tend_exceptions_look (void)
{
  TendExceptionsFunc func = __cxa_get_globals;
  guint n_now = 0;

  /* Each fiber that waits comes by here. */
  if (func == NULL)
    {
      dl_iterate_phdr (count_cb, &n_now);
      if (n_now == (guint) g_atomic_int_get (&n_loaded))
        return;
      func = look_for_func ();
    }

  if (func != NULL)
    g_atomic_pointer_set (&tend_exceptions_func, func);
  else
    g_atomic_int_set (&n_loaded, n_now);
}

TendExceptions *
tend_exceptions_ask (void)
{
  tend_exceptions = tend_exceptions_func ();

  return tend_exceptions;
}
