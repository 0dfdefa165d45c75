// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// All armed jobs of a loop, in the order of (deadline, sequence): a ladder queue.
//
// What is due next is in a heap, the near one. As long as there are few jobs that is all. When the near
// heap has grown too large, what it holds is dealt out over the slots of a rung: heaps in no order, each
// for a span of time. The first slot that is not empty becomes the near heap, and when that runs empty
// the next one does. A slot that holds too many is dealt out in turn, over a rung of its own, whose
// spans are as fine as its jobs are close.
//
//     near heap | rung 2 | rung 1                    | rung 0
//     ..........|.|.|.|..|......|......|......|......|...........|...........| ... to the end of time
//               near_last
//
// How to read it. A job goes from right to left, unless it is removed before, and refill() is all that moves it:
//
//     tend_agenda_push()
//        | due before near_last        | later: into the innermost rung whose time it is in
//        v                             v
//     near heap <--- make_near() --- slot --- deal_out(), if it holds more than MANY ---> slots of a finer rung
//        | the loop takes the first
//
// Invariants: the near heap is empty only if all is. near_last is the end of the near heap's time, which
// begins at the beginning of time. Each rung's time begins where that of the one inside it ends, and all
// slots before near_last are used up. The outermost rung has no end.
//
// Why not the near heap alone: of 100,000 jobs each that leaves it moves six to eight others, and as
// many cache lines are missed. Here a job moves some three times in all, and most that are cancelled
// never do. Why no timing wheel: it goes by the present time, which a virtual clock and a peek at what is
// hours away do not keep to, and its spans are the same for all; here they follow the jobs.
//
// However deadlines are chosen, no operation costs more than in one heap, but for the dealing: each
// dealing is of as many jobs as were put there since, and the ladder has at most eight rungs.

#include "tend-agenda-private.h"

/*
 * A heap of so many is dealt out; they fit into the processor's first cache. A power of two. With 1,024 to
 * 4,096 to fire takes 89 ns where it takes 62 of 1,000 timers, and 94 to 110 where it takes 84 of 100,000,
 * while to arm 1,000 takes 57 and not 62. 128 and 256 were tried on a busy machine
 * only, and could not be told from 512 there.
 */
#define MANY 512

/* The slots of a rung. With 64 to fire takes 97 ns of 100,000 timers and not 84; 128 can hardly be told from these. */
#define N_SLOTS 256

struct _TendRung
{
  gint64   first;               /* the least deadline that was there when it was made */
  gint64   last;                /* the end of its time */
  guint    shift;               /* a slot's span is two to the power of this */
  guint64  used[N_SLOTS / 64];  /* bits: the slots that are not empty, and some that are */
  TendHeap slots[N_SLOTS];
};

/* Which heap a job is in: the near one, or that of a slot. */
#define NEAR G_MAXUINT32

static inline TendHeap *
get_heap (TendAgenda *agenda,
          guint32     heap)
{
  if (heap == NEAR)
    return &agenda->near;

  return &agenda->rungs[heap / N_SLOTS]->slots[heap % N_SLOTS];
}

static inline guint64
get_offset (const TendRung *rung,
            gint64          deadline)
{
  return (guint64) deadline - (guint64) rung->first;
}

static void
rung_add (TendRung            *rung,
          guint                index,
          const TendHeapEntry *entry)
{
  guint slot = (guint) MIN (get_offset (rung, entry->deadline) >> rung->shift, N_SLOTS - 1);

  entry->job->heap = index * N_SLOTS + slot;
  rung->used[slot / 64] |= G_GUINT64_CONSTANT (1) << slot % 64;
  tend_heap_append (&rung->slots[slot], entry);
}

/* The first slot that may not be empty, which is not any more; N_SLOTS if there is none. */
static guint
rung_take_slot (TendRung *rung)
{
  for (guint i = 0; i < G_N_ELEMENTS (rung->used); i++)
    {
      guint bit;

      if (rung->used[i] == 0)
        continue;

      bit = (guint) __builtin_ctzll (rung->used[i]);
      rung->used[i] &= rung->used[i] - 1;
      return i * 64 + bit;
    }

  return N_SLOTS;
}

/* Where the time of a slot ends. The last slot takes all that comes later. */
static gint64
rung_get_end (const TendRung *rung,
              guint           slot)
{
  guint64 end = ((guint64) (slot + 1) << rung->shift) - 1;

  if (slot == N_SLOTS - 1 || end > get_offset (rung, rung->last))
    return rung->last;

  return (gint64) ((guint64) rung->first + end);
}

/*
 * Deals out @heap, whose time ends at @last, over a new rung; FALSE if they are all due at once, or
 * if there are rungs enough: who arms ever earlier ones would have a rung for each few of them.
 */
static gboolean
deal_out (TendAgenda *agenda,
          TendHeap   *heap,
          gint64      last)
{
  gint64 first = G_MAXINT64, end = G_MININT64;
  TendRung *rung;

  for (guint i = 0; i < heap->n_entries; i++)
    {
      first = MIN (first, heap->entries[i].deadline);
      end = MAX (end, heap->entries[i].deadline);
    }

  if (first == end || agenda->n_rungs == TEND_AGENDA_MAX_RUNGS)
    return FALSE;

  rung = g_new0 (TendRung, 1);
  rung->first = first;
  rung->last = last;
  while (get_offset (rung, end) >> rung->shift >= N_SLOTS)
    rung->shift++;

  for (guint i = 0; i < heap->n_entries; i++)
    rung_add (rung, agenda->n_rungs, &heap->entries[i]);
  tend_heap_clear (heap);
  agenda->rungs[agenda->n_rungs++] = rung;

  return TRUE;
}

static void
make_near (TendAgenda *agenda,
           TendHeap   *heap)
{
  tend_heap_clear (&agenda->near);
  agenda->near = *heap;
  *heap = (TendHeap) { 0 };

  for (guint i = 0; i < agenda->near.n_entries; i++)
    agenda->near.entries[i].job->heap = NEAR;
  tend_heap_order (&agenda->near);
}

/* Finds what is due next, when the near heap is empty. */
static void
refill (TendAgenda *agenda)
{
  while (agenda->near.n_entries == 0 && agenda->n_rungs > 0)
    {
      TendRung *rung = agenda->rungs[agenda->n_rungs - 1];
      guint slot = rung_take_slot (rung);
      TendHeap *heap = &rung->slots[slot];

      if (slot == N_SLOTS)
        {
          agenda->near_last = rung->last;
          agenda->n_rungs--;
          g_free (rung);
          continue;
        }

      agenda->near_last = rung_get_end (rung, slot);
      if (heap->n_entries <= MANY || !deal_out (agenda, heap, agenda->near_last))
        make_near (agenda, heap);
    }
}

/* The place among equal deadlines of what is armed now. What repeats keeps the one it has. */
guint64
tend_agenda_next_sequence (TendAgenda *agenda)
{
  return agenda->sequence++;
}

void
tend_agenda_push (TendAgenda *agenda,
                  TendJob    *job,
                  gint64      deadline,
                  guint64     sequence)
{
  TendHeapEntry entry = { deadline, sequence, job };
  guint index = agenda->n_rungs;

  g_assert (job->place == TEND_JOB_IDLE);

  /* Only where it would have to grow, so that what cannot be dealt out is not looked at each time. */
  if (deadline <= agenda->near_last &&
      agenda->near.n_entries >= MANY && tend_heap_is_full (&agenda->near) &&
      deal_out (agenda, &agenda->near, agenda->near_last))
    {
      refill (agenda);
      index = agenda->n_rungs;
    }

  if (deadline <= agenda->near_last)
    {
      job->heap = NEAR;
      tend_heap_push (&agenda->near, &entry);
      return;
    }

  do
    index--;
  while (deadline > agenda->rungs[index]->last);

  rung_add (agenda->rungs[index], index, &entry);
}

void
tend_agenda_remove (TendAgenda *agenda,
                    TendJob    *job)
{
  TendHeap *heap = get_heap (agenda, job->heap);
  guint index = job->place;

  /* Whether it is there is not looked up: that would wait for memory that is only written to. */
  g_assert (index < heap->n_entries);

  job->place = TEND_JOB_IDLE;
  if (heap != &agenda->near)
    {
      tend_heap_drop (heap, index);
      return;
    }

  tend_heap_remove (heap, index);
  if (agenda->near.n_entries == 0)
    refill (agenda);
}

/* When @job is due, which is armed. */
gint64
tend_agenda_get_deadline (TendAgenda    *agenda,
                          const TendJob *job)
{
  const TendHeap *heap = get_heap (agenda, job->heap);

  g_assert (job->place < heap->n_entries);

  return heap->entries[job->place].deadline;
}

void
tend_agenda_init (TendAgenda *agenda)
{
  *agenda = (TendAgenda) { .near_last = G_MAXINT64 };
}

void
tend_agenda_clear (TendAgenda *agenda)
{
  g_assert (agenda->near.n_entries == 0 && agenda->n_rungs == 0);

  tend_heap_clear (&agenda->near);
}
