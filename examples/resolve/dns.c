// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Writing and reading DNS packets.
//
// What is read is hostile until it has proved otherwise. Every read is checked against the size of the
// packet, no count is believed further than the bytes reach, and the work is bounded: a name takes at
// most MAX_JUMPS pointers, each to a place before the one where the last part began. All names are
// read once, to check them; of the many walks that aliases may take, each reads those of aliases only.

#include "dns.h"

#include <string.h>

#define MAX_JUMPS         32
#define MAX_ALIASES       16
#define MAX_ALIAS_RECORDS 64

#define CLASS_IN          1

#define FLAG_QR     0x80
#define FLAG_OPCODE 0x78
#define FLAG_TC     0x02
#define FLAG_RD     0x01

/* --- Numbers --- */

static uint16_t
get_16 (const uint8_t *bytes)
{
  return (uint16_t) (bytes[0] << 8 | bytes[1]);
}

static uint8_t *
put_16 (uint8_t  *bytes,
        unsigned  number)
{
  bytes[0] = (uint8_t) (number >> 8);
  bytes[1] = (uint8_t) number;

  return bytes + 2;
}

uint16_t
dns_get_id (const uint8_t *packet)
{
  return get_16 (packet);
}

void
dns_set_id (uint8_t  *packet,
            uint16_t  id)
{
  put_16 (packet, id);
}

/* --- Names --- */

/* Independent of the locale, as the protocol is. */
static uint8_t
to_lower (uint8_t c)
{
  return c >= 'A' && c <= 'Z' ? (uint8_t) (c | 0x20) : c;
}

static bool
is_host_character (uint8_t c)
{
  return (to_lower (c) >= 'a' && to_lower (c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* A name of letters, digits, hyphens and underscores; the dot at its end may be there or not. */
bool
dns_name_from_text (const char *text,
                    size_t      length,
                    uint8_t     name[DNS_MAX_NAME])
{
  size_t label = 0, end = 1;

  if (length == 1 && text[0] == '.')
    {
      name[0] = 0;
      return true;
    }

  if (length > 0 && text[length - 1] == '.')
    length--;
  if (length == 0)
    return false;

  /* Where a label begins, its length is missing until it is known. */
  for (size_t i = 0; i <= length; i++)
    {
      if (i == length || text[i] == '.')
        {
          size_t n = end - label - 1;

          if (n == 0 || n > DNS_MAX_LABEL || end >= DNS_MAX_NAME)
            return false;
          name[label] = (uint8_t) n;
          label = end++;
        }
      else
        {
          if (!is_host_character ((uint8_t) text[i]) || end >= DNS_MAX_NAME)
            return false;
          name[end++] = (uint8_t) text[i];
        }
    }
  name[label] = 0;

  return true;
}

/* How many bytes the name has, with the zero at its end. */
size_t
dns_name_size (const uint8_t *name)
{
  size_t size = 0;

  while (name[size] != 0)
    size += name[size] + 1u;

  return size + 1;
}

/* Lengths are below 'A', so that whole names can be compared as if they were text. */
bool
dns_name_equal (const uint8_t *name,
                const uint8_t *other)
{
  size_t size = dns_name_size (name);

  if (size != dns_name_size (other))
    return false;

  /* Servers repeat names as they were asked, as a rule. */
  if (memcmp (name, other, size) == 0)
    return true;

  for (size_t i = 0; i < size; i++)
    {
      if (to_lower (name[i]) != to_lower (other[i]))
        return false;
    }

  return true;
}

/*
 * Reads the name at @offset, which is left behind it. @name may be NULL, for a name that is only to be
 * checked.
 */
bool
dns_read_name (const uint8_t *packet,
               size_t         size,
               size_t        *offset,
               uint8_t        name[DNS_MAX_NAME])
{
  size_t at = *offset, begin = at, n_bytes = 0;
  unsigned n_jumps = 0;

  for (;;)
    {
      uint8_t length;

      if (at >= size)
        return false;
      length = packet[at];

      if ((length & 0xC0) == 0xC0)
        {
          size_t target;

          if (size - at < 2)
            return false;
          target = get_16 (packet + at) & 0x3FFF;
          if (n_jumps == 0)
            *offset = at + 2;

          /* Each part begins before the last one did: no loop, whatever the number of jumps. */
          if (target >= begin || target < DNS_HEADER_SIZE || ++n_jumps > MAX_JUMPS)
            return false;
          at = begin = target;
          continue;
        }

      if (length > DNS_MAX_LABEL || length + 1u > size - at || n_bytes + length + 1u > DNS_MAX_NAME)
        return false;

      if (name != NULL)
        memcpy (name + n_bytes, packet + at, length + 1u);
      n_bytes += length + 1u;
      at += length + 1u;

      if (length == 0)
        {
          if (n_jumps == 0)
            *offset = at;
          return true;
        }
    }
}

/* --- Questions --- */

/* Builds a question, with recursion asked for and room offered; the size of the packet. */
size_t
dns_build_query (uint16_t       id,
                 const uint8_t *name,
                 uint16_t       type,
                 uint8_t        packet[DNS_MAX_QUERY])
{
  size_t name_size = dns_name_size (name);
  uint8_t *p = packet;

  memset (packet, 0, DNS_HEADER_SIZE);
  put_16 (p, id);
  p[2] = FLAG_RD;
  p[5] = 1;     /* a question */
  p[11] = 1;    /* an additional record */
  p += DNS_HEADER_SIZE;

  memcpy (p, name, name_size);
  p = put_16 (p + name_size, type);
  p = put_16 (p, CLASS_IN);

  /* OPT: the root's, with the size in the place of the class, and no options. */
  *p++ = 0;
  p = put_16 (p, DNS_TYPE_OPT);
  p = put_16 (p, DNS_UDP_SIZE);
  memset (p, 0, 6);

  return (size_t) (p + 6 - packet);
}

/* A number for a question, for a table of those that were asked. FNV-1a; no secret. */
uint32_t
dns_hash_question (const uint8_t *name,
                   uint16_t       type)
{
  uint32_t hash = 2166136261u ^ type;
  size_t size = dns_name_size (name);

  for (size_t i = 0; i < size; i++)
    hash = (hash ^ to_lower (name[i])) * 16777619u;

  return hash;
}

/*
 * Reads the question that an answer repeats: false if it is no answer to one question of this class. Where
 * the records begin is stored in @offset.
 */
bool
dns_read_question (const uint8_t *packet,
                   size_t         size,
                   size_t        *offset,
                   uint8_t        name[DNS_MAX_NAME],
                   uint16_t      *type)
{
  *offset = DNS_HEADER_SIZE;

  if (size < DNS_HEADER_SIZE || !(packet[2] & FLAG_QR) || (packet[2] & FLAG_OPCODE) != 0 ||
      get_16 (packet + 4) != 1 || !dns_read_name (packet, size, offset, name) || size - *offset < 4 ||
      get_16 (packet + *offset + 2) != CLASS_IN)
    return false;

  *type = get_16 (packet + *offset);
  *offset += 4;

  return true;
}

/* --- Answers --- */

typedef struct
{
  size_t   owner;       /* where the name of the owner is, ... */
  size_t   data;        /* ... and where the data are */
  uint16_t type;
  uint16_t class;
  uint32_t ttl;         /* of an OPT, flags */
  uint16_t size;        /* of the data */
} Record;

/* Goes past a name, without a look at what its pointer points to. */
static bool
skip_name (const uint8_t *packet,
           size_t         size,
           size_t        *offset)
{
  while (*offset < size && packet[*offset] != 0 && packet[*offset] <= DNS_MAX_LABEL)
    *offset += packet[*offset] + 1u;

  if (*offset >= size)
    return false;

  *offset += packet[*offset] == 0 ? 1 : 2;
  return *offset <= size;
}

/* Reads the record at @offset, which is left behind it. */
static bool
read_record (const uint8_t *packet,
             size_t         size,
             size_t        *offset,
             Record        *record)
{
  const uint8_t *p;

  record->owner = *offset;
  if (!skip_name (packet, size, offset) || size - *offset < 10)
    return false;

  p = packet + *offset;
  record->type = get_16 (p);
  record->class = get_16 (p + 2);
  record->ttl = (uint32_t) get_16 (p + 4) << 16 | get_16 (p + 6);
  record->size = get_16 (p + 8);
  record->data = *offset + 10;
  if (record->size > size - record->data)
    return false;

  *offset = record->data + record->size;
  return true;
}

/* Whether the record is one of @type, and of the owner that is looked for. */
static bool
is_record_of (const DnsAnswer *answer,
              const Record    *record,
              uint16_t         type)
{
  size_t offset = record->owner;
  uint8_t owner[DNS_MAX_NAME];

  return record->type == type && record->class == CLASS_IN &&
         dns_read_name (answer->packet, answer->size, &offset, owner) && dns_name_equal (owner, answer->owner);
}

/* Whether the owner of a record is a name, and its data are what its type says. */
static bool
check_record (const uint8_t *packet,
              size_t         size,
              const Record  *record)
{
  size_t end = record->owner;

  if (!dns_read_name (packet, size, &end, NULL))
    return false;

  if (record->type == DNS_TYPE_OPT || record->class != CLASS_IN)
    return true;

  switch (record->type)
    {
    case DNS_TYPE_A:
      return record->size == 4;
    case DNS_TYPE_AAAA:
      return record->size == 16;
    case DNS_TYPE_CNAME:
      end = record->data;
      return dns_read_name (packet, size, &end, NULL) && end == record->data + record->size;
    default:
      return true;
    }
}

/* Walks through everything behind the question once. */
static bool
check_records (DnsAnswer *answer,
               unsigned  *n_aliases)
{
  const uint8_t *packet = answer->packet;
  unsigned n_answers = answer->n_left;
  unsigned n_records = n_answers + get_16 (packet + 8) + get_16 (packet + 10);
  size_t offset = answer->offset;
  bool has_opt = false;

  for (unsigned i = 0; i < n_records; i++)
    {
      Record record;

      if (!read_record (packet, answer->size, &offset, &record) ||
          !check_record (packet, answer->size, &record))
        return false;

      /* Nobody has so many, but whoever wants them to be followed. */
      if (i < n_answers && record.type == DNS_TYPE_CNAME && ++*n_aliases > MAX_ALIAS_RECORDS)
        return false;

      /* The upper bits of the error code. There is one OPT at most, among the additional records. */
      if (record.type == DNS_TYPE_OPT)
        {
          if (has_opt || i < n_records - get_16 (packet + 10))
            return false;
          has_opt = true;
          answer->code |= (record.ttl >> 24) << 4;
        }
    }

  return true;
}

/* Goes on from the owner to what it is an alias of: false if it is none. */
static bool
follow_alias (DnsAnswer *answer)
{
  size_t offset = answer->offset;

  for (unsigned i = 0; i < answer->n_left; i++)
    {
      Record record;

      if (!read_record (answer->packet, answer->size, &offset, &record))
        return false;

      if (is_record_of (answer, &record, DNS_TYPE_CNAME))
        return dns_read_name (answer->packet, answer->size, &record.data, answer->owner);
    }

  return false;
}

/* Finds the next address of the owner, which is 4 or 16 bytes by the type. */
bool
dns_next_address (DnsAnswer *answer,
                  uint8_t    address[16])
{
  while (answer->n_left > 0)
    {
      Record record;

      answer->n_left--;
      if (!read_record (answer->packet, answer->size, &answer->offset, &record))
        {
          answer->n_left = 0;
          return false;
        }

      if (record.size <= 16 && is_record_of (answer, &record, answer->type))
        {
          memcpy (address, answer->packet + record.data, record.size);
          return true;
        }
    }

  return false;
}

static DnsResult
result_of_code (unsigned code)
{
  switch (code)
    {
    case 2:
      return DNS_SERVER_FAILURE;
    case 3:
      return DNS_NOT_FOUND;
    case 5:
      return DNS_REFUSED;
    default:
      return DNS_OTHER_ERROR;
    }
}

/*
 * Reads what should be the answer to a question for the addresses of @type (A or AAAA) of @name. The
 * id is the caller's to compare. Of an answer that the server has cut only the question is looked at.
 *
 * Aliases may stand in any order. Behind an alias that leads back, or to more aliases than anybody
 * needs, there is no address.
 */
DnsResult
dns_read_answer (const uint8_t *packet,
                 size_t         size,
                 const uint8_t *name,
                 uint16_t       type,
                 DnsAnswer     *answer)
{
  DnsAnswer look;
  unsigned n_aliases = 0, n_followed = 0;
  uint16_t asked;
  uint8_t address[16];

  *answer = (DnsAnswer) { .packet = packet, .size = size, .type = type };

  if (!dns_read_question (packet, size, &answer->offset, answer->owner, &asked))
    return DNS_MALFORMED;
  if (asked != type || !dns_name_equal (answer->owner, name))
    return DNS_WRONG_QUESTION;
  if (packet[2] & FLAG_TC)
    return DNS_TRUNCATED;

  answer->code = packet[3] & 0x0F;
  answer->n_left = get_16 (packet + 6);
  if (!check_records (answer, &n_aliases))
    return DNS_MALFORMED;
  if (answer->code != 0)
    return result_of_code (answer->code);

  while (n_aliases > 0 && follow_alias (answer))
    {
      if (++n_followed > MAX_ALIASES)
        return DNS_NO_ADDRESS;
    }

  look = *answer;
  return dns_next_address (&look, address) ? DNS_ANSWERED : DNS_NO_ADDRESS;
}

/* The name of an error code, as in IANA's registry; NULL for one that has none. */
const char *
dns_code_to_string (unsigned code)
{
  static const char *const names[] = {
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
    "NOTAUTH", "NOTZONE", [16] = "BADVERS",
  };

  return code < sizeof names / sizeof names[0] ? names[code] : NULL;
}
