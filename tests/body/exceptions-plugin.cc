// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The plugin of late-exceptions.c.

#include <tend.h>

#include <stdexcept>
#include <cstring>

extern "C" __attribute__ ((visibility ("default")))
gboolean
catch_and_sleep (const char *name,
                 gint64      usec)
{
  try
    {
      throw std::runtime_error (name);
    }
  catch (const std::exception &)
    {
      if (!tend_sleep (usec, nullptr))
        return FALSE;
      try
        {
          throw;
        }
      catch (const std::exception &again)
        {
          return strcmp (again.what (), name) == 0;
        }
    }
}
