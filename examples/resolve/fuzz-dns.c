// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The reader of DNS packets under any bytes, for libFuzzer:
//
//   clang -g -O1 -fsanitize=fuzzer,address,undefined fuzz-dns.c dns.c -o fuzz-dns
//   ./fuzz-dns NEW-CORPUS corpus
//
// What must hold of each packet aborts if it does not; the sanitizers see what is read beyond the end.

#include "dns.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check (bool holds)
{
  if (!holds)
    abort ();
}

/* A name that was read anywhere is well formed, and equal to itself. */
static void
read_names (const uint8_t *data,
            size_t         size)
{
  for (size_t at = 0; at < size && at < 64; at++)
    {
      uint8_t name[DNS_MAX_NAME];
      size_t offset = at, checked = at;
      bool is_name = dns_read_name (data, size, &offset, name);

      check (is_name == dns_read_name (data, size, &checked, NULL));
      if (is_name)
        check (offset > at && offset <= size && checked == offset && dns_name_size (name) <= DNS_MAX_NAME &&
               dns_name_equal (name, name));
    }
}

/* Reads the packet as the answer to a question. */
static void
read_answer (const uint8_t *data,
             size_t         size,
             const uint8_t *name,
             uint16_t       type)
{
  DnsAnswer answer;
  DnsResult result = dns_read_answer (data, size, name, type, &answer);
  uint8_t address[16];
  size_t n = 0;

  if (result != DNS_ANSWERED)
    return;

  while (dns_next_address (&answer, address))
    n++;
  check (n >= 1 && n <= size / 12 && answer.n_left == 0 && answer.offset <= size);
}

/* A name from text comes back from the question that asks for it. */
static void
ask (const uint8_t *data,
     size_t         size)
{
  uint8_t name[DNS_MAX_NAME], again[DNS_MAX_NAME], packet[DNS_MAX_QUERY];
  uint16_t type;
  size_t offset, n;

  if (!dns_name_from_text ((const char *) data, size, name))
    return;

  n = dns_build_query (1, name, DNS_TYPE_A, packet);
  packet[2] |= 0x80;
  check (n <= DNS_MAX_QUERY && dns_read_question (packet, n, &offset, again, &type) && type == DNS_TYPE_A &&
         dns_name_equal (name, again) && dns_hash_question (name, type) == dns_hash_question (again, type));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  static const uint8_t www[] = "\3www\7example\3org";
  uint8_t name[DNS_MAX_NAME];
  uint16_t type;
  size_t offset;

  read_names (data, size);
  ask (data, size);
  read_answer (data, size, www, DNS_TYPE_A);

  /* Most packets have another question: asked that, what is behind it is read as well. */
  if (dns_read_question (data, size, &offset, name, &type))
    {
      check (offset <= size);
      read_answer (data, size, name, type);
      read_answer (data, size, name, DNS_TYPE_AAAA);
    }

  return 0;
}
