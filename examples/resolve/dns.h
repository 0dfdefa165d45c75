// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// DNS packets (RFC 1035, RFC 6891): questions built, and answers read from bytes that anybody may have
// sent. It knows the C library only, allocates nothing, and does not call itself.
//
// A name is its bytes as in a packet, without compression: labels, each with its length before it, and
// a zero at the end. It has at most DNS_MAX_NAME bytes, and so needs no length beside it.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_MAX_LABEL   63
#define DNS_MAX_NAME    255
#define DNS_HEADER_SIZE 12

/* What fits into a packet of the network anywhere (RFC 9715), and is offered to the server. */
#define DNS_UDP_SIZE    1232

/* Header, name, type and class, OPT record. */
#define DNS_MAX_QUERY   (DNS_HEADER_SIZE + DNS_MAX_NAME + 4 + 11)

enum
{
  DNS_TYPE_A = 1,
  DNS_TYPE_CNAME = 5,
  DNS_TYPE_AAAA = 28,
  DNS_TYPE_OPT = 41,
};

typedef enum
{
  DNS_ANSWERED,         /* there are addresses */
  DNS_NO_ADDRESS,       /* the name exists, or an alias leads nowhere */
  DNS_NOT_FOUND,
  DNS_SERVER_FAILURE,
  DNS_REFUSED,
  DNS_OTHER_ERROR,      /* DnsAnswer.code says which */
  DNS_TRUNCATED,        /* the server has more to say than fits */
  DNS_WRONG_QUESTION,   /* an answer, but not to this */
  DNS_MALFORMED,
} DnsResult;

/* An answer that was read, and which of its addresses come next. It points into the packet. */
typedef struct
{
  const uint8_t *packet;
  size_t         size;
  size_t         offset;                /* of the next record */
  unsigned       n_left;                /* records from there on */
  unsigned       code;                  /* the error code, all 12 bits of it */
  uint16_t       type;
  uint8_t        owner[DNS_MAX_NAME];   /* whose addresses they are, after the aliases */
} DnsAnswer;

bool        dns_name_from_text (const char    *text,
                                size_t         length,
                                uint8_t        name[DNS_MAX_NAME]);
size_t      dns_name_size      (const uint8_t *name);
bool        dns_name_equal     (const uint8_t *name,
                                const uint8_t *other);
bool        dns_read_name      (const uint8_t *packet,
                                size_t         size,
                                size_t        *offset,
                                uint8_t        name[DNS_MAX_NAME]);

size_t      dns_build_query    (uint16_t       id,
                                const uint8_t *name,
                                uint16_t       type,
                                uint8_t        packet[DNS_MAX_QUERY]);
void        dns_set_id         (uint8_t       *packet,
                                uint16_t       id);
uint16_t    dns_get_id         (const uint8_t *packet);

bool        dns_read_question  (const uint8_t *packet,
                                size_t         size,
                                size_t        *offset,
                                uint8_t        name[DNS_MAX_NAME],
                                uint16_t      *type);
DnsResult   dns_read_answer    (const uint8_t *packet,
                                size_t         size,
                                const uint8_t *name,
                                uint16_t       type,
                                DnsAnswer     *answer);
bool        dns_next_address   (DnsAnswer     *answer,
                                uint8_t        address[16]);
uint32_t    dns_hash_question  (const uint8_t *name,
                                uint16_t       type);
const char *dns_code_to_string (unsigned       code);
