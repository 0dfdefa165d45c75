// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The agenda of armed jobs, and the heap that it is made of.

#pragma once

#include "tend-job-private.h"

G_BEGIN_DECLS

/* --- Heap: an array of armed jobs, in the order of (deadline, arming) or in none --- */

typedef struct
{
  gint64   deadline;    /* monotonic microseconds */
  guint64  sequence;    /* equal deadlines keep the order in which they were armed */
  TendJob *job;
} TendHeapEntry;

typedef struct
{
  TendHeapEntry *entries;
  guint          n_entries;
  guint          n_allocated;
} TendHeap;

void     tend_heap_clear  (TendHeap            *heap);
void     tend_heap_append (TendHeap            *heap,
                           const TendHeapEntry *entry);
void     tend_heap_drop   (TendHeap            *heap,
                           guint                index);
void     tend_heap_order  (TendHeap            *heap);
void     tend_heap_push   (TendHeap            *heap,
                           const TendHeapEntry *entry);
void     tend_heap_remove (TendHeap            *heap,
                           guint                index);

static inline gboolean
tend_heap_is_full (const TendHeap *heap)
{
  return heap->n_entries == heap->n_allocated;
}

/* --- Agenda: all armed jobs, in the order of (deadline, arming) --- */

#define TEND_AGENDA_MAX_RUNGS 8

typedef struct _TendRung TendRung;

typedef struct
{
  TendHeap  near;                           /* in order; what is due up to near_last */
  gint64    near_last;
  TendRung *rungs[TEND_AGENDA_MAX_RUNGS];   /* the innermost, which is due first, comes last */
  guint     n_rungs;
  guint64   sequence;
} TendAgenda;

void                 tend_agenda_init          (TendAgenda    *agenda);
void                 tend_agenda_clear         (TendAgenda    *agenda);
guint64              tend_agenda_next_sequence (TendAgenda    *agenda);
void                 tend_agenda_push          (TendAgenda    *agenda,
                                                TendJob       *job,
                                                gint64         deadline,
                                                guint64        sequence);
void                 tend_agenda_remove        (TendAgenda    *agenda,
                                                TendJob       *job);
gint64               tend_agenda_get_deadline  (TendAgenda    *agenda,
                                                const TendJob *job);

/* The first of all, or NULL. */
static inline const TendHeapEntry *
tend_agenda_peek (const TendAgenda *agenda)
{
  return agenda->near.n_entries > 0 ? &agenda->near.entries[0] : NULL;
}

G_END_DECLS
