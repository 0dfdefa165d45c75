// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the files of the example have in common. Everything belongs to the loop thread.
//
// A name and type that are asked for are a Request, from when they are read until their outcome is
// printed. Each try of it is a Query, which the request cache holds until it is answered or times out.

#pragma once

#include <tend.h>

#include "dns.h"

typedef struct _Names Names;
typedef struct _Print Print;
typedef struct _Request Request;
typedef struct _Run Run;
typedef struct _Transport Transport;

typedef struct
{
  GSocketAddress *server;
  guint           n_parallel;
  gint64          timeout;          /* of the first try, in microseconds */
  guint           n_retries;
  gboolean        asks_a;
  gboolean        asks_aaaa;
  guint           n_sockets;
  gboolean        is_ordered;
  gboolean        is_json;
  gboolean        shows_progress;
  gboolean        is_quiet;
  char          **names;            /* NULL: from the file */
  const char     *file;             /* NULL: stdin */
} Options;

typedef struct
{
  guint64 n_names;
  guint64 n_answered;               /* of names and types, as all that follow */
  guint64 n_errors;
  guint64 n_retries;
  guint64 n_tcp;
  guint64 n_wrong_source;
  guint64 n_wrong_id;
  guint64 n_malformed;
  guint64 n_oversized;
  guint64 n_late;
} Counts;

/* --- run: the main part --- */

struct _Run
{
  const Options    *options;
  TendTask         *task;           /* the main part's */
  TendRequestCache *cache;
  Transport        *transport;
  Names            *names;
  Print            *print;
  GQueue            requests;       /* those whose outcome was not printed yet, in the order of the input */
  guint             n_outstanding;
  TendTask         *room;           /* what the main part waits for, or NULL ... */
  guint             n_awaited;      /* ... namely room beside so many that are outstanding */
  Counts            counts;
  gboolean          has_failed;     /* anything that is to change the exit status */
  int               signum;         /* what interrupted, or 0 */
};

int       run                 (const Options *options);
gboolean  run_has_room        (const Run     *self,
                               guint          n_left);

/* --- names: the input --- */

Names    *names_new           (const Options *options,
                               GError       **error);
void      names_free          (Names         *self);
gboolean  names_next          (Names         *self,
                               const char   **name,
                               GError       **error);

/* --- query: one name and type, and its tries --- */

struct _Request
{
  GList     link;                   /* in the queue of the run; its data is the request */
  guint     ref_count;
  Run      *run;
  guint16   type;
  guint16   n_tries;
  guint     is_valid : 1;
  guint     is_tcp : 1;                /* an answer by UDP did not fit */
  guint     is_done : 1;
  guint32   hash;                   /* of the question */
  gint64    began;
  char     *outcome;                /* the lines that wait for those before them, or NULL */
  char     *name;                   /* as it was read */
  guint8    qname[];                /* as it is asked; nothing if the name is invalid */
};

#define QUERY_TYPE (query_get_type ())
G_DECLARE_FINAL_TYPE (Query, query, RESOLVE, QUERY, TendRandomNumberCache)

struct _Query
{
  TendRandomNumberCache parent_instance;

  Request  *request;                /* a reference; NULL until the query has been added */
  gint64    timeout;
  TendTask *task;                   /* what asks over TCP, or NULL; a reference */
};

void      request_begin       (Run           *run,
                               const char    *name,
                               guint16        type,
                               gboolean       waits);
Request  *request_ref         (Request       *self);
void      request_unref       (Request       *self);
void      request_end         (Request       *self,
                               DnsAnswer     *answer,
                               const char    *message);
void      request_answered    (Request       *self,
                               DnsResult      result,
                               DnsAnswer     *answer);
Query    *query_new           (Request       *request,
                               const char    *prefix,
                               guint          bits);

/* --- tcp: an answer that does not fit into a datagram --- */

void      tcp_ask             (Request       *request);

/* --- transport: the sockets --- */

Transport *transport_new      (Run           *run);
gboolean  transport_open      (Transport     *self,
                               GError       **error);
void      transport_free      (Transport     *self);
void      transport_ask       (Transport     *self,
                               Request       *request);
void      transport_flush     (Transport     *self);

/* --- print: what comes out --- */

Print    *print_new           (Run           *run);
void      print_free          (Print         *self);
char     *print_format        (Print         *self,
                               Request       *request,
                               DnsAnswer     *answer,
                               const char    *message);
void      print_text          (Print         *self,
                               const char    *text);
gboolean  print_wait_room     (Print         *self,
                               gsize          n_left,
                               GError       **error);
void      print_progress      (Print         *self,
                               gboolean       is_last);
void      print_last          (Print         *self);
int       print_get_errno     (Print         *self);
