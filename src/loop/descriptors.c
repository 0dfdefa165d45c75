// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The descriptors that a loop waits for, and who waits for each.
//
// What is registered with the system is left there when a wait is over: most descriptors are soon waited for again.
// Only when one is ready and nobody waits for it, its registration is changed or removed. So a descriptor that is read
// and waited for in turn costs one registration in all.
//
// Numbers of descriptors are used again, so a registration that is kept may be that of another file. Each new wait
// therefore changes the registration of its descriptor, which fails if the file is another one. Who vouches that it is
// still the same one saves that call: tend_fd_wait_again(). A file that was closed stays registered as long as a copy
// of its descriptor is open, somewhere: nobody can remove that registration, so when it reports something the whole
// poller is renewed. Each registration has a serial number, by which such a report is known. No other registration of
// the process has that number, not even in another loop: who vouches for a descriptor names its registration by it.
//
// Ownership: everything is the loop thread's.

#include "descriptors-private.h"
#include "poller-private.h"

#include <errno.h>

#define PAGE_BITS 8
#define PAGE_SIZE (1u << PAGE_BITS)

/* What is reported in any case. */
#define ALWAYS (G_IO_ERR | G_IO_HUP | G_IO_NVAL)

/* What the loop knows of one descriptor. */
typedef struct
{
  TendFdWait *waits;            /* a ring, the longest wait first; NULL: nobody waits */
  guint32     serial;           /* of its registration, or of its last one */
  guint16     registered;       /* GIOCondition; at least what somebody waits for */
  guint16     is_registered;    /* as far as we know */
} Entry;

struct _TendDescriptors
{
  TendPoller *poller;           /* NULL: created on demand */
  Entry     **pages;            /* of PAGE_SIZE each; the entries of descriptors by their number */
  guint       n_pages;
  guint       n_waits;
};

static guint last_serial;       /* atomic */

/* --- The table --- */

static Entry *
find_entry (TendDescriptors *self,
            int              fd)
{
  guint page = (guint) fd >> PAGE_BITS;

  if (page >= self->n_pages || self->pages[page] == NULL)
    return NULL;

  return &self->pages[page][(guint) fd & (PAGE_SIZE - 1)];
}

static Entry *
ensure_entry (TendDescriptors *self,
              int              fd)
{
  guint page = (guint) fd >> PAGE_BITS;

  if (page >= self->n_pages)
    {
      self->pages = g_renew (Entry *, self->pages, page + 1);
      memset (self->pages + self->n_pages, 0, (page + 1 - self->n_pages) * sizeof *self->pages);
      self->n_pages = page + 1;
    }
  if (self->pages[page] == NULL)
    self->pages[page] = g_new0 (Entry, PAGE_SIZE);

  return find_entry (self, fd);
}

static GIOCondition
get_wanted (Entry *entry)
{
  GIOCondition wanted = 0;
  TendFdWait *each = entry->waits;

  if (each == NULL)
    return 0;

  do
    {
      wanted |= each->condition;
      each = each->next;
    }
  while (each != entry->waits);

  return wanted;
}

static void
link_wait (TendDescriptors *self,
           Entry           *entry,
           TendFdWait      *wait)
{
  TendFdWait *first = entry->waits;

  if (first == NULL)
    {
      entry->waits = wait->prev = wait->next = wait;
    }
  else
    {
      wait->next = first;
      wait->prev = first->prev;
      wait->prev->next = wait;
      first->prev = wait;
    }
  wait->serial = entry->serial;
  self->n_waits++;
}

static void
unlink_wait (TendDescriptors *self,
             Entry           *entry,
             TendFdWait      *wait)
{
  if (wait->next == wait)
    entry->waits = NULL;
  else
    {
      wait->prev->next = wait->next;
      wait->next->prev = wait->prev;
      if (entry->waits == wait)
        entry->waits = wait->next;
    }
  wait->prev = wait->next = NULL;
  self->n_waits--;
}

/* --- What is ready --- */

/* Puts the job of a wait that is over into the ready queue, as something that came in @turn. */
static void
wake (TendLoop   *loop,
      TendFdWait *wait,
      guint32     turn)
{
  /* Who was cancelled goes on already. */
  if (tend_job_is_waiting (wait->wake))
    return;

  wait->wake->turn = turn;
  tend_queue_push (&loop->ready, wait->wake);
}

/* Ends the waits for which @condition is enough. */
static gboolean
wake_matching (TendLoop     *loop,
               Entry        *entry,
               GIOCondition  condition,
               int           error)
{
  TendFdWait *last = entry->waits != NULL ? entry->waits->prev : NULL, *next;
  gboolean is_over = last == NULL, woke = FALSE;

  for (TendFdWait *each = entry->waits; !is_over; each = next)
    {
      next = each->next;
      is_over = each == last;
      if ((condition & (each->condition | ALWAYS)) == 0)
        continue;

      unlink_wait (loop->descriptors, entry, each);
      each->revents = (guint16) (condition & (each->condition | ALWAYS));
      each->error = error;
      wake (loop, each, loop->turn - 1);
      woke = TRUE;
    }

  return woke;
}

/* The system knows nothing of the descriptor any more, or what it knows is of another file. */
static void
lose (TendLoop *loop,
      Entry    *entry,
      int       fd,
      int       error)
{
  entry->is_registered = FALSE;
  if (loop->descriptors->poller != NULL)
    tend_poller_remove (loop->descriptors->poller, fd);
  wake_matching (loop, entry, G_IO_NVAL, error);
}

/* After four thousand million registrations the numbers come again, when hardly one of the first is left. */
static guint32
new_serial (void)
{
  guint32 serial = (guint32) g_atomic_int_add (&last_serial, 1) + 1;

  return serial != 0 ? serial : new_serial ();
}

/* Registers a descriptor for all who wait for it, and for @condition. Gives errno's, or 0. */
static int
enlist (TendDescriptors *self,
        Entry           *entry,
        int              fd,
        GIOCondition     condition)
{
  GIOCondition wanted = get_wanted (entry) | condition;
  guint32 serial = new_serial ();
  int error = tend_poller_add (self->poller, fd, serial, wanted);

  if (error != 0)
    return error;

  entry->serial = serial;
  entry->registered = (guint16) wanted;
  entry->is_registered = TRUE;

  return 0;
}

/* Starts afresh, without the registrations that nobody can remove. */
static void
renew (TendLoop *loop)
{
  TendDescriptors *self = loop->descriptors;
  int error = tend_poller_renew (self->poller);

  if (error != 0)
    g_clear_pointer (&self->poller, tend_poller_free);

  for (guint i = 0; i < self->n_pages * PAGE_SIZE; i++)
    {
      Entry *entry = find_entry (self, (int) i);
      int each_error = error;

      if (entry == NULL || !entry->is_registered)
        continue;

      entry->is_registered = FALSE;
      if (entry->waits == NULL)
        continue;

      if (each_error == 0)
        each_error = enlist (self, entry, (int) i, 0);
      if (each_error != 0)
        lose (loop, entry, (int) i, each_error == EBADF || each_error == EPERM ? 0 : each_error);
    }
}

/* Registers a descriptor for less. FALSE if the system cannot do so. */
static gboolean
shrink (TendDescriptors *self,
        Entry           *entry,
        int              fd)
{
  if (entry->waits == NULL)
    {
      entry->is_registered = FALSE;
      return tend_poller_remove (self->poller, fd) == 0;
    }

  entry->registered = (guint16) get_wanted (entry);
  return tend_poller_modify (self->poller, fd, entry->serial, entry->registered) == 0;
}

/* FALSE if the report is about a registration that nobody can remove. */
static gboolean
note (TendLoop        *loop,
      const TendReady *ready)
{
  TendDescriptors *self = loop->descriptors;
  Entry *entry = find_entry (self, ready->fd);

  if (entry == NULL || !entry->is_registered || entry->serial != ready->serial)
    return FALSE;

  if (wake_matching (loop, entry, ready->condition, 0) || shrink (self, entry, ready->fd))
    return TRUE;

  lose (loop, entry, ready->fd, 0);
  return FALSE;
}

/* Continues those who wait for what is ready: in the turn that begins. */
void
tend_descriptors_collect (TendLoop *loop)
{
  TendDescriptors *self = loop->descriptors;
  TendReady ready[TEND_MAX_READY];
  gboolean is_sound = TRUE;
  guint n;

  if (self->poller == NULL || !tend_poller_is_ready (self->poller))
    return;

  n = tend_poller_take (self->poller, ready);
  for (guint i = 0; i < n; i++)
    is_sound = note (loop, &ready[i]) && is_sound;

  if (!is_sound)
    renew (loop);
}

/* --- What the loop does --- */

void
tend_descriptors_free (TendDescriptors *self)
{
  g_clear_pointer (&self->poller, tend_poller_free);
  for (guint i = 0; i < self->n_pages; i++)
    g_free (self->pages[i]);
  g_free (self->pages);
  g_free (self);
}

/* In the child of a fork: what is registered is the parent's, who shares it. */
void
tend_descriptors_forget (TendLoop *loop)
{
  if (loop->descriptors->poller != NULL)
    tend_poller_forget (g_steal_pointer (&loop->descriptors->poller), &loop->source);
}

void
tend_descriptors_prepare (TendDescriptors *self)
{
  if (self->poller != NULL)
    tend_poller_prepare (self->poller);
}

/* Whether a descriptor is ready, after the context has polled. */
gboolean
tend_descriptors_is_ready (TendDescriptors *self)
{
  return self->poller != NULL && tend_poller_is_ready (self->poller);
}

/* Whether anybody waits for a descriptor. */
gboolean
tend_descriptors_is_busy (TendDescriptors *self)
{
  return self->n_waits > 0;
}

/* --- What waits --- */

void
tend_fd_wait_init (TendFdWait   *self,
                   int           fd,
                   GIOCondition  condition,
                   TendJob      *wake)
{
  *self = (TendFdWait) { .wake = wake, .fd = fd, .condition = (guint16) condition };
}

/* What is no socket, pipe or device that makes anybody wait is ready at once: files, folders. */
static int
begin_ready (TendFdWait *self,
             TendLoop   *loop)
{
  self->revents = self->condition & (G_IO_IN | G_IO_OUT);
  if (self->revents == 0)
    return EPERM;

  wake (loop, self, loop->turn);
  return 0;
}

/* Has the system look out for what @self waits for. */
static int
register_wait (TendFdWait *self,
               TendLoop   *loop,
               Entry      *entry)
{
  TendDescriptors *all = loop->descriptors;
  int error = ENOENT;

  if (all->poller == NULL)
    all->poller = tend_poller_new (&loop->source);
  if (all->poller == NULL)
    return errno;

  if (entry->is_registered)
    {
      GIOCondition wanted = get_wanted (entry) | self->condition;

      error = tend_poller_modify (all->poller, self->fd, entry->serial, wanted);
      if (error == 0)
        entry->registered = (guint16) wanted;
      else
        /* Those who still wait do so for a file that was closed. */
        lose (loop, entry, self->fd, 0);
    }

  return error == ENOENT ? enlist (all, entry, self->fd, self->condition) : error;
}

int
tend_fd_wait_begin (TendFdWait *self,
                    TendLoop   *loop)
{
  Entry *entry;
  int error = 0;

  if (self->fd < 0)
    return EBADF;

  self->revents = 0;
  self->error = 0;
  if (loop->descriptors == NULL)
    loop->descriptors = g_new0 (TendDescriptors, 1);
  entry = ensure_entry (loop->descriptors, self->fd);

  /* In the child of a fork the parent's loop does nothing. */
  if (!loop->is_forgotten)
    error = register_wait (self, loop, entry);
  if (error == EPERM)
    return begin_ready (self, loop);
  if (error == 0)
    link_wait (loop->descriptors, entry, self);

  return error;
}

int
tend_fd_wait_again (TendFdWait *self,
                    TendLoop   *loop)
{
  Entry *entry = loop->descriptors != NULL ? find_entry (loop->descriptors, self->fd) : NULL;

  if (entry == NULL || !entry->is_registered || entry->serial != self->serial ||
      (self->condition & ~entry->registered) != 0)
    return tend_fd_wait_begin (self, loop);

  self->revents = 0;
  self->error = 0;
  link_wait (loop->descriptors, entry, self);

  return 0;
}

void
tend_fd_wait_end (TendFdWait *self,
                  TendLoop   *loop)
{
  if (self->next != NULL)
    unlink_wait (loop->descriptors, find_entry (loop->descriptors, self->fd), self);
}
