// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The pool of fiber stacks. Stacks come in slabs, one mapping of up to 64 stacks each, and wait in
// a list per size class, the last one released first. Any thread may take and give back.
//
// A slab is laid out as guard, stack, guard, stack, and so on, up to a stack's top.
// Guards are made when a stack is first handed out, since each costs a system call.
//
// Invariants:
// - A slab is live while its length is not zero; then its base is mapped.
// - A slab's description is never freed, only used again, and stays in the list of all slabs. So a
//   signal handler may walk that list without a lock.
// - A slot is in its class's list if and only if its slab is live and its stack not in use.
// - n_idle counts the live slabs of a class that have no stack in use.
// - While a class has two such slabs, a trim is wanted or armed, unless idle slabs are kept for ever.
//
// One lock guards the lists, the counters and n_used. System calls are made outside of it: on a
// slab that nobody else can see yet or any more, and on a stack that the caller owns.

#include "stack-private.h"

#include "tend-error.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define KIB ((gsize) 1024)
#define MIB (1024 * KIB)

#define DEFAULT_SIZE (64 * KIB)
#define MIN_SIZE (16 * KIB)
#define MAX_SIZE (256 * MIB)
#define MIN_SIZE_BITS 14
#define MAX_SIZE_BITS 28

/* Eight classes from one power of two to the next, so that rounding up wastes little address space. */
#define CLASS_BITS 3
#define N_CLASSES (((MAX_SIZE_BITS - MIN_SIZE_BITS) << CLASS_BITS) + 1)

/* Stacks per slab: at most this many, and no more than fill this size. */
#define MAX_SLAB_STACKS 64
#define MAX_SLAB_SIZE (4 * MIB)

/*
 * What lies below each stack, a page at least. A frame that is larger jumps over it and writes into the next stack,
 * so it is as large as a default stack. That costs addresses, of which there are plenty, and neither memory nor
 * mappings; to map a stack, guard it, touch it and unmap it takes 10 % longer than with one page. But it spreads the
 * stacks over twice as many page tables: 10,000 fibers yield as fast, and 100,000 took 9.8 us each instead of 5.4. So
 * what is beyond a number that few programs reach has one page, and so have all stacks where addresses are scarce.
 */
#define WIDE_GUARD_SIZE (64 * KIB)
#define MAX_WIDE_GUARDS (GLIB_SIZEOF_VOID_P > 4 ? 8192 : 0)

/*
 * Idle slabs that a class keeps until they are trimmed: as many as fit, but one at least. This bounds the address space
 * of the stacks, with a page of guard each; of a stack that goes no deeper than most it is a page of memory. The
 * default class keeps 17,000 stacks.
 * With 1,000 of them, the others were unmapped while the fibers of a manager ended, one system call per slab, which
 * was a quarter of the shutdown of 10,000; and the next wave had to map, guard and touch them anew, which costs
 * 2,000 ns each instead of 11. Where addresses are scarce, 1,000 it is.
 */
#define MAX_IDLE_SIZE ((GLIB_SIZEOF_VOID_P > 4 ? 1152 : 72) * MIB)

typedef struct _Slot Slot;

struct _Slot
{
  Slot          *prev;        /* pool_lock: these two link the free stacks of the class */
  Slot          *next;
  TendSlab      *slab;        /* constant while the slab is live */
  TendGuardMode  guard;       /* of the owner of the stack; AUTO: never handed out */
  guint          tool_id;     /* likewise */
};

typedef struct
{
  Slot   head;                /* a ring of free stacks; its next is NULL before the first use */
  guint  n_idle;
} StackClass;

struct _TendSlab
{
  char       *base;           /* atomic: signal handlers read these three */
  gsize       length;
  gsize       stride;
  gsize       size;           /* constant while live */
  StackClass *class;          /* constant while live */
  guint       n_slots;        /* constant while live */
  gboolean    is_wide;        /* constant while live; its guards are */
  guint       n_used;         /* pool_lock */
  guint       idle_since;     /* pool_lock; the trim after which it was used last */
  gboolean    is_listed;      /* pool_lock: its free stacks can be had */
  TendSlab   *next;           /* constant once it is in the list of all slabs */
  TendSlab   *next_spare;     /* pool_lock, or of the thread that took it from the lists */
  Slot        slots[MAX_SLAB_STACKS];
};

static TEND_DEFINE_LOCK (pool_lock);
static StackClass classes[N_CLASSES];
static TendSlab *all_slabs;   /* atomic; grows only */
static TendSlab *spare_slabs; /* descriptions without memory */
static guint n_trims;         /* under pool_lock */
static int n_wide_guards;     /* atomic; stacks that are mapped with one */

int tend_stack_trim_state;

/* @step is a power of two, as pages are: no division on the way of each fiber. */
static inline gsize
round_up (gsize size,
          gsize step)
{
  return (size + step - 1) & ~(step - 1);
}

/* Rounds @size up to what the class has. */
static StackClass *
find_class (gsize *size)
{
  gsize page = getpagesize ();
  gsize power;
  guint bits;

  *size = round_up (MAX (*size, MIN_SIZE), page);
  bits = g_bit_storage (*size) - 1;
  power = (gsize) 1 << bits;
  *size = round_up (*size, MAX (power >> CLASS_BITS, page));

  /* Where rounding reaches the next power of two, this is the first class of that one. */
  return &classes[((bits - MIN_SIZE_BITS) << CLASS_BITS) +
                  ((*size - power) >> (bits - CLASS_BITS))];
}

/* --- Under the lock --- */

static inline void
push_slot (StackClass *class,
           Slot       *slot)
{
  slot->prev = &class->head;
  slot->next = class->head.next;
  slot->next->prev = slot;
  class->head.next = slot;
}

static inline void
unlink_slot (Slot *slot)
{
  slot->prev->next = slot->next;
  slot->next->prev = slot->prev;
}

static inline Slot *
take_slot (StackClass *class)
{
  Slot *slot = class->head.next;

  if (slot == NULL || slot == &class->head)
    return NULL;

  unlink_slot (slot);
  if (slot->slab->n_used++ == 0)
    class->n_idle--;

  return slot;
}

/* Makes the stacks of @slab available, the lowest one first. */
static void
add_slab (TendSlab *slab)
{
  StackClass *class = slab->class;

  if (class->head.next == NULL)
    class->head.next = class->head.prev = &class->head;

  for (guint i = slab->n_slots; i > 0; i--)
    push_slot (class, &slab->slots[i - 1]);

  slab->is_listed = TRUE;
  class->n_idle++;
}

/* Takes @slab, which is idle, out of reach, so that it can be unmapped without the lock. */
static void
remove_slab (TendSlab *slab)
{
  for (guint i = 0; i < slab->n_slots; i++)
    unlink_slot (&slab->slots[i]);

  slab->is_listed = FALSE;
  slab->class->n_idle--;
}

static inline gboolean
is_enough_idle (const TendSlab *slab)
{
  gsize size = slab->n_slots * (slab->size + getpagesize ());

  return slab->class->n_idle > MAX (MAX_IDLE_SIZE / size, 1);
}

/* --- Slabs --- */

static void
recycle_description (TendSlab *slab)
{
  tend_lock (&pool_lock);
  slab->next_spare = spare_slabs;
  spare_slabs = slab;
  tend_unlock (&pool_lock);
}

static TendSlab *
get_description (void)
{
  TendSlab *slab;

  tend_lock (&pool_lock);
  slab = spare_slabs;
  if (slab != NULL)
    spare_slabs = slab->next_spare;
  tend_unlock (&pool_lock);

  if (slab != NULL)
    return slab;

  /* Not g_new0 (), which aborts. */
  slab = g_try_new0 (TendSlab, 1);
  if (slab == NULL)
    return NULL;

  do
    slab->next = g_atomic_pointer_get (&all_slabs);
  while (!g_atomic_pointer_compare_and_exchange (&all_slabs, slab->next, slab));

  return slab;
}

static char *
map (gsize length)
{
  char *base = mmap (NULL, length, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

  if (base == MAP_FAILED)
    return NULL;

#ifdef MADV_NOHUGEPAGE
  /* Huge pages would give each stack all its memory at the first touch. It may fail: then there are none. */
  madvise (base, length, MADV_NOHUGEPAGE);
#endif

  return base;
}

/* Whether the stacks of a new slab may have wide guards; counts them until they are given back. */
static gboolean
take_wide_guards (guint n_slots)
{
  if (g_atomic_int_add (&n_wide_guards, (int) n_slots) < MAX_WIDE_GUARDS)
    return TRUE;

  g_atomic_int_add (&n_wide_guards, -(int) n_slots);
  return FALSE;
}

static void
give_back_wide_guards (guint n_slots)
{
  g_atomic_int_add (&n_wide_guards, -(int) n_slots);
}

/*
 * From one stack of a slab to the next. An odd number of pages, whatever the size: stacks that lie a power of two apart
 * would have their tops in the same few sets of each cache, the one of page tables too.
 */
static gsize
get_stride (gsize    size,
            gboolean is_wide)
{
  gsize page = getpagesize ();
  gsize stride = size + (is_wide ? MAX (WIDE_GUARD_SIZE, page) : page);

  return stride / page % 2 == 0 ? stride + page : stride;
}

static TendSlab *
slab_new (StackClass  *class,
          gsize        size,
          GError     **error)
{
  guint n_slots = CLAMP (MAX_SLAB_SIZE / size, 1, MAX_SLAB_STACKS);
  gboolean is_wide = take_wide_guards (n_slots);
  gsize stride = get_stride (size, is_wide);
  TendSlab *slab = get_description ();
  char *base = slab != NULL ? map (n_slots * stride) : NULL;

  /* Idle stacks of other classes must not take the space that this one needs. */
  if (slab != NULL && base == NULL)
    {
      tend_stack_trim (TRUE);
      base = map (n_slots * stride);
    }

  if (base == NULL)
    {
      int saved_errno = errno;

      if (is_wide)
        give_back_wide_guards (n_slots);
      if (slab != NULL)
        recycle_description (slab);

      g_set_error (error, TEND_ERROR, TEND_ERROR_NO_STACK,
                   _("no memory for a stack of %zu bytes: %s"),
                   size, g_strerror (saved_errno));
      return NULL;
    }

  slab->class = class;
  slab->size = size;
  slab->n_slots = n_slots;
  slab->is_wide = is_wide;
  slab->n_used = 0;
  for (guint i = 0; i < n_slots; i++)
    slab->slots[i] = (Slot) { .slab = slab, .guard = TEND_GUARD_AUTO };

  g_atomic_pointer_set (&slab->stride, stride);
  g_atomic_pointer_set (&slab->base, base);
  g_atomic_pointer_set (&slab->length, n_slots * stride);

  return slab;
}

static void
want_trim_locked (void)
{
  if (g_atomic_int_get (&tend_stack_trim_state) == TEND_TRIM_NONE)
    g_atomic_int_set (&tend_stack_trim_state, TEND_TRIM_WANTED);
}

/* @slab is in no list: its memory is given back. */
static void
slab_free (TendSlab *slab)
{
  gsize length = slab->length;

  g_atomic_pointer_set (&slab->length, 0);

  /*
   * Unmapping may need one mapping more, where the slab lies amid others that the kernel has
   * merged with it, and that one may be more than the limit. Then its pages go, which needs none.
   */
  if (munmap (slab->base, length) != 0)
    {
      madvise (slab->base, length, MADV_DONTNEED);
      g_atomic_pointer_set (&slab->length, length);

      tend_lock (&pool_lock);
      add_slab (slab);
      want_trim_locked ();
      tend_unlock (&pool_lock);
      return;
    }

  if (slab->is_wide)
    give_back_wide_guards (slab->n_slots);
  for (guint i = 0; i < slab->n_slots; i++)
    {
      tend_guard_forget (slab->slots[i].guard);
      if (slab->slots[i].guard != TEND_GUARD_AUTO)
        tend_tool_remove_stack (slab->slots[i].tool_id);
    }

  recycle_description (slab);
}

/* The first time that the stack of @slot is handed out. */
static void
finish_slot (Slot *slot,
             char *low)
{
  gsize length = slot->slab->stride - slot->slab->size;

  slot->guard = tend_guard_make (low - length, length);
  slot->tool_id = tend_tool_add_stack (low, slot->slab->size);
}

/* --- Public --- */

gsize
tend_stack_default_size (void)
{
  return DEFAULT_SIZE;
}

gboolean
tend_stack_acquire (TendStack  *stack,
                    gsize       size,
                    GError    **error)
{
  StackClass *class;
  TendSlab *slab;
  Slot *slot;

  if (size == 0)
    size = DEFAULT_SIZE;

  if (size > MAX_SIZE)
    {
      g_set_error (error, TEND_ERROR, TEND_ERROR_NO_STACK,
                   _("no stack can have %zu bytes: %zu is the most"),
                   size, MAX_SIZE);
      return FALSE;
    }

  class = find_class (&size);

  tend_lock (&pool_lock);
  slot = take_slot (class);
  tend_unlock (&pool_lock);

  if (slot == NULL)
    {
      slab = slab_new (class, size, error);
      if (slab == NULL)
        return FALSE;

      tend_lock (&pool_lock);
      add_slab (slab);
      slot = take_slot (class);
      tend_unlock (&pool_lock);
    }

  slab = slot->slab;
  stack->slab = slab;
  stack->index = slot - slab->slots;
  stack->size = size;
  stack->low = slab->base + (stack->index + 1) * slab->stride - size;

  if (G_UNLIKELY (slot->guard == TEND_GUARD_AUTO))
    finish_slot (slot, stack->low);

  stack->guard = slot->guard;

  return TRUE;
}

void
tend_stack_release (TendStack *stack)
{
  TendSlab *slab = g_steal_pointer (&stack->slab);
  StackClass *class = slab->class;
  gboolean is_surplus = FALSE;

  tend_tool_clear_stack (stack->low, stack->size);

  tend_lock (&pool_lock);
  push_slot (class, &slab->slots[stack->index]);
  if (--slab->n_used == 0)
    {
      class->n_idle++;
      is_surplus = is_enough_idle (slab);
      if (is_surplus)
        remove_slab (slab);
      else
        {
          slab->idle_since = n_trims;

          /* A single one is not worth a source that every turn of a main context would look at. */
          if (class->n_idle > 1)
            want_trim_locked ();
        }
    }
  tend_unlock (&pool_lock);

  if (is_surplus)
    slab_free (slab);
}

/* A slab that was idle at the last trim already has been so for the time from that one to this. */
gboolean
tend_stack_trim (gboolean all)
{
  TendSlab *idle = NULL;
  gboolean is_left = FALSE;

  tend_lock (&pool_lock);
  for (TendSlab *slab = g_atomic_pointer_get (&all_slabs); slab != NULL; slab = slab->next)
    {
      if (!slab->is_listed || slab->n_used > 0)
        continue;

      if (all || slab->idle_since != n_trims)
        {
          remove_slab (slab);
          slab->next_spare = idle;
          idle = slab;
        }
      else
        is_left = TRUE;
    }

  n_trims++;
  if (!is_left)
    g_atomic_int_set (&tend_stack_trim_state, TEND_TRIM_NONE);
  tend_unlock (&pool_lock);

  while (idle != NULL)
    {
      TendSlab *slab = idle;

      idle = slab->next_spare;
      slab_free (slab);
    }

  return is_left;
}

gsize
tend_stack_find_guard (gconstpointer address)
{
  for (TendSlab *slab = g_atomic_pointer_get (&all_slabs); slab != NULL; slab = slab->next)
    {
      gsize length = (gsize) g_atomic_pointer_get (&slab->length);
      gsize stride = (gsize) g_atomic_pointer_get (&slab->stride);
      gsize offset = (guintptr) address - (guintptr) g_atomic_pointer_get (&slab->base);

      if (offset < length && offset % stride < stride - slab->size)
        return slab->size;
    }

  return 0;
}
