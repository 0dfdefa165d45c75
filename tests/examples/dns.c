// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The DNS packets of examples/resolve: names, what is built, and what is made of answers.

#include <glib.h>
#include <string.h>

#include "dns.h"

/* --- Packets made by hand --- */

/* A packet whose size is exact, so that a sanitizer sees what is read behind it. */
typedef struct
{
  GByteArray *bytes;
  guint       n_answers;
} Packet;

static void
append (Packet     *packet,
        const void *bytes,
        gsize       size)
{
  g_byte_array_append (packet->bytes, bytes, (guint) size);
}

static void
append_16 (Packet *packet,
           guint   number)
{
  const guint8 bytes[] = { (guint8) (number >> 8), (guint8) number };

  append (packet, bytes, sizeof bytes);
}

static void
append_name (Packet     *packet,
             const char *text)
{
  guint8 name[DNS_MAX_NAME];

  g_assert_true (dns_name_from_text (text, strlen (text), name));
  append (packet, name, dns_name_size (name));
}

/* An answer to the question for @type of www.example.org, without records. */
static Packet
begin (guint16 type)
{
  Packet packet = { g_byte_array_new (), 0 };

  append (&packet, "\x12\x34\x81\x80\0\1\0\0\0\0\0\0", DNS_HEADER_SIZE);
  append_name (&packet, "www.example.org");
  append_16 (&packet, type);
  append_16 (&packet, 1);

  return packet;
}

static void
append_record (Packet     *packet,
               const char *owner,
               guint       type,
               guint       ttl,
               const void *data,
               gsize       size)
{
  append_name (packet, owner);
  append_16 (packet, type);
  append_16 (packet, 1);
  append_16 (packet, ttl >> 16);
  append_16 (packet, ttl & 0xFFFF);
  append_16 (packet, (guint) size);
  append (packet, data, size);
  packet->bytes->data[7] = (guint8) ++packet->n_answers;
}

static void
append_alias (Packet     *packet,
              const char *owner,
              const char *target)
{
  guint8 name[DNS_MAX_NAME];

  g_assert_true (dns_name_from_text (target, strlen (target), name));
  append_record (packet, owner, DNS_TYPE_CNAME, 300, name, dns_name_size (name));
}

static DnsResult
read_as (const guint8 *bytes,
         gsize         size,
         guint16       type,
         DnsAnswer    *answer)
{
  guint8 name[DNS_MAX_NAME];

  g_assert_true (dns_name_from_text ("www.example.org", 15, name));
  return dns_read_answer (bytes, size, name, type, answer);
}

/* Whether the packet has exactly one address, whose last byte is @last. */
static void
assert_address (Packet  *packet,
                guint16  type,
                guint8   last)
{
  DnsAnswer answer;
  guint8 address[16];

  g_assert_cmpint (read_as (packet->bytes->data, packet->bytes->len, type, &answer), ==, DNS_ANSWERED);
  g_assert_true (dns_next_address (&answer, address));
  g_assert_cmpint (address[type == DNS_TYPE_A ? 3 : 15], ==, last);
  g_assert_false (dns_next_address (&answer, address));
  g_byte_array_unref (packet->bytes);
}

static void
assert_result (Packet    *packet,
               DnsResult  result)
{
  DnsAnswer answer;

  g_assert_cmpint (read_as (packet->bytes->data, packet->bytes->len, DNS_TYPE_A, &answer), ==, result);
  g_byte_array_unref (packet->bytes);
}

/* --- Names --- */

static gboolean
is_valid (const char *text)
{
  guint8 name[DNS_MAX_NAME];

  return dns_name_from_text (text, strlen (text), name);
}

static void
test_name_bytes (void)
{
  guint8 name[DNS_MAX_NAME];

  g_assert_true (dns_name_from_text ("Www.a_-9.org", 12, name));
  g_assert_cmpmem (name, dns_name_size (name), "\3Www\4a_-9\3org", 14);

  g_assert_true (dns_name_from_text ("org.", 4, name));
  g_assert_cmpmem (name, dns_name_size (name), "\3org", 5);

  g_assert_true (dns_name_from_text (".", 1, name));
  g_assert_cmpmem (name, dns_name_size (name), "", 1);
}

static void
test_name_limits (void)
{
  g_autofree char *label = g_strnfill (63, 'a');
  g_autofree char *most = g_strdup_printf ("%s.%s.%s.%.61s", label, label, label, label);
  g_autofree char *dotted = g_strconcat (most, ".", NULL);
  g_autofree char *more = g_strconcat (most, "a", NULL);
  g_autofree char *longer = g_strconcat (label, "a", NULL);
  g_autofree char *short_labels = g_strnfill (254, 'a');

  g_assert_true (is_valid (label));
  g_assert_false (is_valid (longer));
  g_assert_cmpuint (strlen (most), ==, 253);
  g_assert_true (is_valid (most));
  g_assert_true (is_valid (dotted));
  g_assert_false (is_valid (more));

  for (guint i = 1; i < 254; i += 2)
    short_labels[i] = '.';
  g_assert_true (is_valid (short_labels));
  short_labels[253] = 'a';
  g_assert_false (is_valid (short_labels));
}

static void
test_name_invalid (void)
{
  static const char *const texts[] = {
    "", "..", ".a", "a..b", "a..", "a b", "a/b", "a*", "a\\.b", "b\xc3\xbc", "a\x7f", "a\n", "a@b", "a[b", "a`b", "a{b",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_false (is_valid (texts[i]));
}

static void
test_name_compares_without_case (void)
{
  guint8 a[] = "\3wWw\7eXaMpLe", b[] = "\3WwW\7ExAmPlE", longer[] = "\3www\7example\1a", other[] = "\3ww[\7example";

  g_assert_true (dns_name_equal (a, b));
  g_assert_false (dns_name_equal (a, longer));
  g_assert_false (dns_name_equal (longer, a));
  g_assert_cmpuint (dns_hash_question (a, DNS_TYPE_A), ==, dns_hash_question (b, DNS_TYPE_A));
  g_assert_cmpuint (dns_hash_question (a, DNS_TYPE_A), !=, dns_hash_question (a, DNS_TYPE_AAAA));

  /* What differs in that one bit and is no letter is not the same. */
  b[3] = '{';
  g_assert_false (dns_name_equal (other, b));
}

/* --- Questions --- */

static void
test_query_bytes (void)
{
  static const guint8 expected[] =
    "\xab\xcd\1\0\0\1\0\0\0\0\0\1"
    "\3www\7example\3org\0\0\x1c\0\1"
    "\0\0\x29\x04\xd0\0\0\0\0\0";
  guint8 name[DNS_MAX_NAME], packet[DNS_MAX_QUERY];
  gsize size;

  g_assert_true (dns_name_from_text ("www.example.org", 15, name));
  size = dns_build_query (0xabcd, name, DNS_TYPE_AAAA, packet);
  g_assert_cmpmem (packet, size, expected, sizeof expected);
  g_assert_cmpuint (dns_get_id (packet), ==, 0xabcd);
}

static void
test_query_longest (void)
{
  g_autofree char *label = g_strnfill (63, 'a');
  g_autofree char *text = g_strdup_printf ("%s.%s.%s.%.61s", label, label, label, label);
  guint8 name[DNS_MAX_NAME], packet[DNS_MAX_QUERY];

  g_assert_true (dns_name_from_text (text, strlen (text), name));
  g_assert_cmpuint (dns_name_size (name), ==, DNS_MAX_NAME);
  g_assert_cmpuint (dns_build_query (1, name, DNS_TYPE_A, packet), ==, DNS_MAX_QUERY);
}

/* --- Answers --- */

static void
test_answer_types (void)
{
  Packet a = begin (DNS_TYPE_A), aaaa = begin (DNS_TYPE_AAAA);

  append_record (&a, "WWW.example.ORG", DNS_TYPE_A, 300, "\12\0\0\7", 4);
  append_record (&a, "www.example.org", DNS_TYPE_AAAA, 300, "0123456789abcde\1", 16);
  assert_address (&a, DNS_TYPE_A, 7);

  append_record (&aaaa, "www.example.org", DNS_TYPE_A, 300, "\12\0\0\7", 4);
  append_record (&aaaa, "www.example.org", DNS_TYPE_AAAA, 300, "0123456789abcde\1", 16);
  assert_address (&aaaa, DNS_TYPE_AAAA, 1);
}

/* It may not be kept, but it is an answer. */
static void
test_answer_without_ttl (void)
{
  Packet packet = begin (DNS_TYPE_A);

  append_record (&packet, "www.example.org", DNS_TYPE_A, 0, "\12\0\0\7", 4);
  assert_address (&packet, DNS_TYPE_A, 7);
}

static void
test_answer_other_question (void)
{
  Packet packet = begin (DNS_TYPE_AAAA), other = begin (DNS_TYPE_A);

  assert_result (&packet, DNS_WRONG_QUESTION);
  other.bytes->data[DNS_HEADER_SIZE + 1] = 'x';
  assert_result (&other, DNS_WRONG_QUESTION);
}

/* Four records, in each of their 24 orders. */
static void
test_aliases_in_any_order (void)
{
  for (guint order = 0; order < 24; order++)
    {
      guint left[4] = { 0, 1, 2, 3 };
      guint n_left = 4, rest = order;
      Packet packet = begin (DNS_TYPE_A);

      while (n_left > 0)
        {
          guint pick = rest % n_left;

          rest /= n_left;
          switch (left[pick])
            {
            case 0:
              append_alias (&packet, "www.example.org", "a.test");
              break;
            case 1:
              append_alias (&packet, "A.test", "b.test");
              break;
            case 2:
              append_alias (&packet, "b.test", "C.test");
              break;
            default:
              append_record (&packet, "c.TEST", DNS_TYPE_A, 300, "\12\0\0\7", 4);
            }
          left[pick] = left[--n_left];
        }

      assert_address (&packet, DNS_TYPE_A, 7);
    }
}

/* A chain of @n aliases with an address at its end. */
static Packet
chain (guint n)
{
  Packet packet = begin (DNS_TYPE_A);
  g_autofree char *owner = g_strdup ("www.example.org");

  for (guint i = 0; i < n; i++)
    {
      char *target = g_strdup_printf ("a%u.test", i);

      append_alias (&packet, owner, target);
      g_free (owner);
      owner = target;
    }
  append_record (&packet, owner, DNS_TYPE_A, 300, "\12\0\0\7", 4);

  return packet;
}

static void
test_aliases_too_many (void)
{
  Packet most = chain (16), more = chain (17);

  assert_address (&most, DNS_TYPE_A, 7);
  assert_result (&more, DNS_NO_ADDRESS);
}

/* They lead nowhere, but would have to be looked at for each step of a chain. */
static void
test_alias_records_too_many (void)
{
  for (guint n = 64; n <= 65; n++)
    {
      Packet packet = begin (DNS_TYPE_A);

      for (guint i = 0; i < n; i++)
        append_alias (&packet, "other.test", "a.test");
      append_record (&packet, "www.example.org", DNS_TYPE_A, 300, "\12\0\0\7", 4);

      if (n == 64)
        assert_address (&packet, DNS_TYPE_A, 7);
      else
        assert_result (&packet, DNS_MALFORMED);
    }
}

static void
test_aliases_in_a_circle (void)
{
  Packet packet = begin (DNS_TYPE_A);

  append_alias (&packet, "www.example.org", "a.test");
  append_alias (&packet, "a.test", "b.test");
  append_alias (&packet, "b.test", "a.test");
  append_record (&packet, "c.test", DNS_TYPE_A, 300, "\12\0\0\7", 4);
  assert_result (&packet, DNS_NO_ADDRESS);
}

/* --- What is broken --- */

/* Each count set to more than there is, in turn. */
static void
test_forged_counts (void)
{
  for (guint at = 4; at < DNS_HEADER_SIZE; at++)
    {
      Packet packet = begin (DNS_TYPE_A);

      append_record (&packet, "www.example.org", DNS_TYPE_A, 300, "\12\0\0\7", 4);
      packet.bytes->data[at] += 1 + at % 2;
      assert_result (&packet, DNS_MALFORMED);
    }
}

/* No beginning of an answer is an answer, and none is read beyond its end. */
static void
test_every_beginning (void)
{
  Packet packet = begin (DNS_TYPE_A);

  append_alias (&packet, "www.example.org", "a.test");
  append_record (&packet, "a.test", DNS_TYPE_A, 300, "\12\0\0\7", 4);

  for (gsize n = 0; n < packet.bytes->len; n++)
    {
      g_autofree guint8 *bytes = g_memdup2 (packet.bytes->data, n);
      DnsAnswer answer;

      g_assert_cmpint (read_as (bytes, n, DNS_TYPE_A, &answer), ==, DNS_MALFORMED);
    }
  assert_address (&packet, DNS_TYPE_A, 7);
}

/* As many pointers as are followed, and one more; each goes to the one before it. */
static void
test_pointer_chain (void)
{
  guint8 packet[DNS_HEADER_SIZE + 1 + 2 * 33] = { 0 };
  guint8 name[DNS_MAX_NAME];

  for (guint i = 0; i < 33; i++)
    {
      packet[DNS_HEADER_SIZE + 1 + 2 * i] = 0xC0;
      packet[DNS_HEADER_SIZE + 2 + 2 * i] = (guint8) (i == 0 ? DNS_HEADER_SIZE : DNS_HEADER_SIZE + 2 * i - 1);
    }

  for (guint i = 0; i < 33; i++)
    {
      gsize offset = DNS_HEADER_SIZE + 1 + 2 * i;

      g_assert_cmpint (dns_read_name (packet, sizeof packet, &offset, name), ==, i < 32);
      g_assert_true (i == 32 || (offset == DNS_HEADER_SIZE + 3 + 2 * i && name[0] == 0));
    }
}

/* A pointer to itself, to what comes after it, into the header, and to the label before it. */
static void
test_pointer_not_backwards (void)
{
  static const guint8 targets[] = { 14, 16, 13, 11, 0, 12 };

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      guint8 packet[] = "HEADERHEADER\1a\xC0?\0\0";
      guint8 name[DNS_MAX_NAME];
      gsize offset = DNS_HEADER_SIZE;

      packet[15] = targets[i];
      g_assert_false (dns_read_name (packet, sizeof packet, &offset, name));
    }
}

static void
test_error_codes (void)
{
  static const DnsResult results[16] = {
    DNS_NO_ADDRESS, DNS_OTHER_ERROR, DNS_SERVER_FAILURE, DNS_NOT_FOUND, DNS_OTHER_ERROR, DNS_REFUSED,
    [6 ... 15] = DNS_OTHER_ERROR,
  };

  for (guint code = 0; code < 16; code++)
    {
      Packet packet = begin (DNS_TYPE_A);

      packet.bytes->data[3] |= code;
      assert_result (&packet, results[code]);
    }

  g_assert_cmpstr (dns_code_to_string (4), ==, "NOTIMP");
  g_assert_cmpstr (dns_code_to_string (16), ==, "BADVERS");
  g_assert_null (dns_code_to_string (11));
  g_assert_null (dns_code_to_string (4095));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/dns/name-bytes", test_name_bytes);
  g_test_add_func ("/tend/dns/name-limits", test_name_limits);
  g_test_add_func ("/tend/dns/name-invalid", test_name_invalid);
  g_test_add_func ("/tend/dns/name-compares-without-case", test_name_compares_without_case);
  g_test_add_func ("/tend/dns/query-bytes", test_query_bytes);
  g_test_add_func ("/tend/dns/query-longest", test_query_longest);
  g_test_add_func ("/tend/dns/answer-types", test_answer_types);
  g_test_add_func ("/tend/dns/answer-without-ttl", test_answer_without_ttl);
  g_test_add_func ("/tend/dns/answer-other-question", test_answer_other_question);
  g_test_add_func ("/tend/dns/aliases-in-any-order", test_aliases_in_any_order);
  g_test_add_func ("/tend/dns/aliases-too-many", test_aliases_too_many);
  g_test_add_func ("/tend/dns/alias-records-too-many", test_alias_records_too_many);
  g_test_add_func ("/tend/dns/aliases-in-a-circle", test_aliases_in_a_circle);
  g_test_add_func ("/tend/dns/forged-counts", test_forged_counts);
  g_test_add_func ("/tend/dns/every-beginning", test_every_beginning);
  g_test_add_func ("/tend/dns/pointer-chain", test_pointer_chain);
  g_test_add_func ("/tend/dns/pointer-not-backwards", test_pointer_not_backwards);
  g_test_add_func ("/tend/dns/error-codes", test_error_codes);

  return g_test_run ();
}
