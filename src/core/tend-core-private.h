// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Errors, jobs, the queue and the agenda that jobs wait in, and a table. Knows GLib only.

#pragma once

#include "tend-error.h"
#include "tend-lock-private.h"
#include "tend-tools-private.h"

G_BEGIN_DECLS

/* --- Threads --- */

/*
 * A variable of each thread's own that is looked at several times for each task; a few bytes in all.
 * glibc keeps room for so little in every thread, also for a library that is loaded late, and then
 * it costs no call. Elsewhere that is not certain.
 */
#ifdef __GLIBC__
#define TEND_THREAD __thread __attribute__ ((tls_model ("initial-exec")))
#else
#define TEND_THREAD __thread
#endif

/* --- linger.c: an object that stays when it is disposed of --- */

typedef struct _TendLinger TendLinger;
typedef void (* TendLingerFunc) (TendLinger *linger,
                                 gpointer    data);

gboolean tend_linger_begin      (GObject        *object,
                                 TendLingerFunc  alone,
                                 gpointer        data);
GObject *tend_linger_get_object (TendLinger     *self);
void     tend_linger_end        (TendLinger     *self);

/* --- foreign.c: what others tie to an object --- */

gboolean tend_object_is_tied    (GObject  *object,
                                 gboolean  is_going);

/* --- flat.c: calls that would else nest as deep as a program likes --- */

typedef void (* TendFlatFunc) (gpointer data);

gboolean tend_is_deep           (void);
void     tend_call_flat         (TendFlatFunc    func,
                                 gpointer        data,
                                 gsize           size);

/* --- Callbacks: a function, its data, and what destroys that --- */

/* One that can be replaced while it runs: whoever calls it has a reference, and the last destroys the data. */
typedef struct
{
  gpointer       func;      /* constant, as all of it */
  gpointer       user_data;
  GDestroyNotify notify;
} TendCallback;

TendCallback *tend_callback_new   (gpointer        func,
                                   gpointer        user_data,
                                   GDestroyNotify  notify) G_GNUC_WARN_UNUSED_RESULT;
void          tend_callback_unref (TendCallback   *self);

static inline TendCallback *
tend_callback_ref (TendCallback *self)
{
  return self != NULL ? g_atomic_rc_box_acquire (self) : NULL;
}

/* --- What the environment asks for --- */

typedef enum
{
  TEND_DEBUG_NO_OVERFLOW_REPORT = 1 << 0,   /* no handler for SIGSEGV, and no alternate signal stacks */
  TEND_DEBUG_NO_SPARES = 1 << 1,            /* no task is made of one that was freed */
} TendDebug;

gboolean tend_debug_has (TendDebug what);

/* --- Jobs --- */

typedef struct _TendJob TendJob;
typedef void (* TendJobFunc) (TendJob *job);

/*
 * Something that a loop will do: a link that is embedded in what it is about. A job waits in one
 * place at a time, a queue or an agenda, and @place says in which.
 */
struct _TendJob
{
  TendJob     *prev;
  TendJob     *next;
  TendJobFunc  run;
  guint32      place;   /* TEND_JOB_IDLE, TEND_JOB_QUEUED, or its index in the heap it is in */
  union
  {
    guint32    turn;    /* queued: the turn of the loop in which it was, or the round of the micro-queue */
    guint32    heap;    /* armed: which of the agenda's heaps it is in */
  };
};

#define TEND_JOB_IDLE   G_MAXUINT32
#define TEND_JOB_QUEUED (G_MAXUINT32 - 1)

static inline void
tend_job_init (TendJob     *job,
               TendJobFunc  run)
{
  job->prev = job->next = NULL;
  job->run = run;
  job->place = TEND_JOB_IDLE;
  job->turn = 0;
}

static inline gboolean
tend_job_is_waiting (const TendJob *job)
{
  return job->place != TEND_JOB_IDLE;
}

/* --- Queue: first in, first out; a job leaves from anywhere in constant time --- */

typedef struct
{
  TendJob *prev;        /* the ring's links: laid out as a job's are, so that the queue is its own */
  TendJob *next;        /* sentinel */
} TendQueue;

static inline TendJob *
tend_queue_sentinel (const TendQueue *queue)
{
  return (TendJob *) queue;
}

static inline void
tend_queue_init (TendQueue *queue)
{
  queue->prev = queue->next = tend_queue_sentinel (queue);
}

static inline gboolean
tend_queue_is_empty (const TendQueue *queue)
{
  return queue->next == tend_queue_sentinel (queue);
}

static inline TendJob *
tend_queue_peek (const TendQueue *queue)
{
  return tend_queue_is_empty (queue) ? NULL : queue->next;
}

static inline void
tend_queue_push (TendQueue *queue,
                 TendJob   *job)
{
  g_assert (job->place == TEND_JOB_IDLE);

  job->place = TEND_JOB_QUEUED;
  job->prev = queue->prev;
  job->next = tend_queue_sentinel (queue);
  job->prev->next = job;
  job->next->prev = job;
}

static inline void
tend_job_unlink (TendJob *job)
{
  g_assert (job->place == TEND_JOB_QUEUED);

  job->prev->next = job->next;
  job->next->prev = job->prev;
  job->prev = job->next = NULL;
  job->place = TEND_JOB_IDLE;
}

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

/* --- Table: of things by number; one that is zeroed is empty --- */

typedef struct
{
  guint64  number;
  gpointer item;        /* NULL: the place is free */
} TendTablePlace;

typedef struct
{
  TendTablePlace *places;       /* NULL until there is an item */
  guint           n_places;     /* a power of two */
  guint           n_items;
  guint           shift;        /* 64 less the bits of n_places */
} TendTable;

void             tend_table_insert         (TendTable      *table,
                                            guint64         number,
                                            gpointer        item);
TendTablePlace  *tend_table_find_or_insert (TendTable      *table,
                                            guint64         number,
                                            gpointer        item);
void             tend_table_remove         (TendTable      *table,
                                            TendTablePlace *place);
void             tend_table_clear          (TendTable      *table);

/* Where the search for a number begins. */
static inline guint
tend_table_get_home (const TendTable *table,
                     guint64          number)
{
  return (guint) ((number * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15)) >> table->shift);
}

/* The first place from @i on that has the number, or NULL: a free place ends the search. */
static inline TendTablePlace *
tend_table_find_from (const TendTable *table,
                      guint64          number,
                      guint            i)
{
  for (;; i++)
    {
      TendTablePlace *place = &table->places[i & (table->n_places - 1)];

      if (place->item == NULL)
        return NULL;
      if (place->number == number)
        return place;
    }
}

/* The place of the number, the first of several; or NULL. */
static inline TendTablePlace *
tend_table_find (const TendTable *table,
                 guint64          number)
{
  return table->places != NULL ? tend_table_find_from (table, number, tend_table_get_home (table, number)) : NULL;
}

/* The next place that has the number of @place, or NULL. */
static inline TendTablePlace *
tend_table_find_next (const TendTable      *table,
                      const TendTablePlace *place)
{
  return tend_table_find_from (table, place->number, (guint) (place - table->places) + 1);
}

/* --- Outcomes: what a body gave, a value or an error --- */

typedef struct
{
  GValue  value;
  GError *error;
} TendOutcome;

/* Whether there is a value. Ours is valid or zero: G_IS_VALUE() looks the type up, for each task. */
static inline gboolean
tend_outcome_has_value (const TendOutcome *outcome)
{
  return G_VALUE_TYPE (&outcome->value) != 0;
}

/* Fills @outcome with a copy of @value, or with no value for %NULL. What copies it may be user code, and do anything. */
static inline void
tend_outcome_copy_value (TendOutcome  *outcome,
                         const GValue *value)
{
  if (value == NULL)
    return;

  g_value_init (&outcome->value, G_VALUE_TYPE (value));
  g_value_copy (value, &outcome->value);
}

/* Whether there is anything to free in it. The types of numbers come before all others. */
static inline gboolean
tend_outcome_holds_something (const TendOutcome *outcome)
{
  return outcome->error != NULL || G_VALUE_TYPE (&outcome->value) > G_TYPE_DOUBLE;
}

/* Leaves nothing before it frees: what is freed may call somebody who clears the same outcome. */
static inline void
tend_outcome_clear (TendOutcome *outcome)
{
  TendOutcome old = *outcome;

  *outcome = (TendOutcome) { G_VALUE_INIT, NULL };
  if (tend_outcome_has_value (&old))
    g_value_unset (&old.value);
  g_clear_error (&old.error);
}

/* --- Errors --- */

GError  *tend_error_new_several    (GPtrArray    *errors);
GError  *tend_error_new_missing    (void) G_GNUC_WARN_UNUSED_RESULT;
gboolean tend_error_is_cancelled   (const GError *error);
void     tend_report_unobserved    (const char   *task,
                                    const GError *error,
                                    gconstpointer origin);

#define TEND_FOREVER G_MAXINT64

/* The moment @usec after @now, which never overflows. */
static inline gint64
tend_time_add (gint64 now,
               gint64 usec)
{
  return usec > TEND_FOREVER - now ? TEND_FOREVER : now + usec;
}

G_END_DECLS
