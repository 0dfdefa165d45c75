// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Names and sizes as a terminal may show them.
//
// A file's name is bytes that somebody else has chosen. A terminal must get none of them that it would take for a
// command: what cannot be printed is shown as in a C string. Widths are counted in columns: wide characters take two,
// combining characters none.

#include "checksum.h"

/* Whether the locale's character set is UTF-8; where it is not, only ASCII is printed as it is. */
gboolean
text_is_utf8 (void)
{
  return g_get_charset (NULL);
}

static gboolean
is_printable (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return g_unichar_isprint (c) && (c < 0x80 || text_is_utf8 ()) &&
         type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

static void
append_escaped (GString *to,
                guint8   byte)
{
  switch (byte)
    {
    case '\n':
      g_string_append (to, "\\n");
      break;
    case '\r':
      g_string_append (to, "\\r");
      break;
    case '\t':
      g_string_append (to, "\\t");
      break;
    default:
      g_string_append_printf (to, "\\%03o", byte);
    }
}

/* A name, in whichever bytes, as text that is safe to print. */
char *
text_printable (const char *bytes)
{
  GString *to = g_string_new (NULL);

  while (*bytes != '\0')
    {
      gunichar c = g_utf8_get_char_validated (bytes, -1);
      gboolean is_valid = c != (gunichar) -1 && c != (gunichar) -2;
      const char *next = is_valid ? g_utf8_next_char (bytes) : bytes + 1;

      if (is_valid && is_printable (c))
        g_string_append_len (to, bytes, next - bytes);
      else
        for (const char *p = bytes; p < next; p++)
          append_escaped (to, (guint8) *p);

      bytes = next;
    }

  return g_string_free (to, FALSE);
}

static int
char_width (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;

  return g_unichar_iswide (c) ? 2 : 1;
}

/* How many columns a printable text takes. */
int
text_width (const char *text)
{
  int width = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    width += char_width (g_utf8_get_char (text));

  return width;
}

/*
 * Appends a printable text so that it takes exactly @width columns: with blanks behind, or cut at
 * its beginning, since the end of a path says more.
 */
void
text_append_fit (GString    *to,
                 const char *text,
                 int         width)
{
  int has = text_width (text);

  if (has > width && width > 0)
    {
      g_string_append (to, text_is_utf8 () ? "…" : "~");
      width--;
    }

  /* What combines with a character that was cut goes with it. */
  for (gboolean is_cut = has > width; is_cut && *text != '\0'; text = g_utf8_next_char (text))
    {
      int w = char_width (g_utf8_get_char (text));

      if (has <= width && w > 0)
        break;
      has -= w;
    }

  g_string_append (to, text);
  for (; has < width; has++)
    g_string_append_c (to, ' ');
}

/* A number of bytes in the unit that suits it. */
char *
text_size (double bytes)
{
  static const char units[] = "KMGTPE";
  int unit = -1;

  /* What would be shown as 1024.0 of a unit is 1.0 of the next. */
  while (bytes >= (unit < 0 ? 1024.0 : 1023.95) && unit < (int) sizeof units - 2)
    {
      bytes /= 1024.0;
      unit++;
    }

  if (unit < 0)
    return g_strdup_printf ("%.0f B", bytes);

  return g_strdup_printf ("%.1f %ciB", bytes, units[unit]);
}
