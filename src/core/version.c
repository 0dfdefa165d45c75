// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Which version of the library this is, at compile time and at run time.

#include "tend-version.h"

/**
 * TEND_MAJOR_VERSION:
 *
 * The major version of libtend that the program is compiled against.
 *
 * Since: 0.1
 */

/**
 * TEND_MINOR_VERSION:
 *
 * The minor version of libtend that the program is compiled against.
 *
 * Since: 0.1
 */

/**
 * TEND_MICRO_VERSION:
 *
 * The micro version of libtend that the program is compiled against.
 *
 * Since: 0.1
 */

/**
 * TEND_VERSION_S:
 *
 * The version of libtend that the program is compiled against, as a string.
 *
 * Since: 0.1
 */

/**
 * TEND_CHECK_VERSION:
 * @major: the major version
 * @minor: the minor version
 * @micro: the micro version
 *
 * Checks that the program is compiled against this version of libtend or a newer one.
 *
 * Since: 0.1
 */

/**
 * TEND_VERSION_0_1:
 *
 * Version 0.1, for [const@Tend.VERSION_MIN_REQUIRED] and [const@Tend.VERSION_MAX_ALLOWED].
 *
 * Since: 0.1
 */

/**
 * TEND_VERSION_MIN_REQUIRED:
 *
 * The oldest version of libtend that the program supports.
 *
 * Define it before `tend.h` is included, for example as `-DTEND_VERSION_MIN_REQUIRED=TEND_VERSION_0_1`. The compiler
 * warns of functions that were deprecated in that version or before. By default it is the version that the program is
 * compiled against.
 *
 * Since: 0.1
 */

/**
 * TEND_VERSION_MAX_ALLOWED:
 *
 * The newest version of libtend whose functions the program may use.
 *
 * Define it before `tend.h` is included. The compiler warns of functions that are newer. By default it is the version
 * that the program is compiled against.
 *
 * Since: 0.1
 */

/**
 * tend_check_version:
 * @required_major: the major version
 * @required_minor: the minor version
 * @required_micro: the micro version
 *
 * Checks that the library that is loaded is compatible with a version.
 *
 * It is compatible if it is that version, or a newer one of the same major version. Use this function if the version at
 * run time may differ from that at compile time, which `TEND_CHECK_VERSION()` checks.
 *
 * Returns: (transfer none) (nullable): %NULL if the library is compatible, or a string that says why not
 *
 * Since: 0.1
 */
const char *
tend_check_version (guint required_major,
                    guint required_minor,
                    guint required_micro)
{
  if (required_major > TEND_MAJOR_VERSION)
    return "libtend is too old: its major version is lower";
  if (required_major != TEND_MAJOR_VERSION)
    return "libtend is too new: its major version is higher";
  if (required_minor > TEND_MINOR_VERSION)
    return "libtend is too old: its minor version is lower";
  if (required_minor == TEND_MINOR_VERSION && required_micro > TEND_MICRO_VERSION)
    return "libtend is too old: its micro version is lower";

  return NULL;
}
