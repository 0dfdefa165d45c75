// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The entries of a manager: one for each task that it has, their list, and their names.

#pragma once

#include "tend-task-manager.h"
#include "tend-task-private.h"

G_BEGIN_DECLS

typedef struct _TendEntry TendEntry;
typedef struct _TendTaskManagerPrivate TendTaskManagerPrivate;
typedef struct _TendRunning TendRunning;
typedef void (* TendEntryFunc) (TendTaskManagerPrivate *priv,
                                TendEntry              *entry);

typedef gboolean (* TendTaskTest) (TendTaskManagerPrivate *priv,
                                   TendTask               *task);

struct _TendEntry
{
  TendObserver     observer;
  TendJob          job;         /* its delay, its wait for a slot, or its place among the leaving */
  TendTaskManager *manager;     /* constant; not a reference */
  TendTask        *task;        /* constant */
  guint64          serial;      /* constant */
  gint64           registered;  /* constant; when, by the coarse clock */
  gint64           began;       /* when its body did, moved on by what it was paused; before that, when it was due */
  gint64           asked;       /* when its body was asked to end, and began to drain; 0: it was not */
  gint64           rest;        /* while its task is paused: what is left of the delay, or has been run */
  TendEntry       *before;      /* in the chain of its name */
  TendEntry       *after;
  TendEntry       *last;        /* of the chain; only in the first of it */
  char            *base;        /* of the name of an anonymous task; NULL: it is none */
  guint            places[2];   /* in the list of all entries, and in that of those that run */
  guint            hash;        /* of the name; while it is in a chain */
  guint            is_listed : 1;   /* its task is not released */
  guint            is_running : 1;  /* it is in the list of those that run */
  guint            is_ended : 1;    /* it stands in the list for a task that has ended, and has but the task */
  guint            is_in_chain : 1;
  guint            is_named : 1;    /* it answers to its name */
  guint            is_told : 1;     /* those who waited for the task have been told */
  guint            is_delayed : 1;  /* it is not due yet */
  guint            is_blocked : 1;  /* one of the same name before it is not finished */
  guint            is_clear : 1;    /* it is released, and so are all of the same name before it */
  guint            is_in_lane : 1;
  guint            has_slot : 1;
  guint            has_begun : 1;
  guint            is_told_of : 1;  /* that it has drained for long while the next of its name waits */
  guint            is_suspended : 1; /* its task is, because this manager or one above is paused */
  guint            is_adopted : 1;  /* somebody else has started its task, and begins it */
};

static inline TendEntry *
tend_entry_of_job (TendJob *job)
{
  return G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendEntry, job));
}

/* The time for which the body of a running entry has run. */
static inline gint64
tend_entry_get_run_time (TendEntry *entry,
                         gint64     now)
{
  return tend_task_stands_still (entry->task) ? entry->rest : now - entry->began;
}

/* --- manager-list.c --- */

/* Entries in the order in which they came, and what the users of the list model know of them. */
typedef struct
{
  guint       which;        /* constant; which of the places of an entry is the one in this list */
  TendEntry **entries;      /* with NULL in the holes, and tasks that are gone */
  guint64    *bits;         /* where there is something */
  guint      *tree;         /* of counts of blocks of bits */
  guint       n_allocated;  /* places; whole blocks */
  guint       n_places;     /* that were used, with the holes among them */
  guint       n_items;      /* entries */
  guint       n_told_places; /* of the view, with the holes among them */
  guint       n_told;       /* items of the view */
  guint       n_gone;       /* of those, tasks whose entries were removed */
  guint       first_gone;   /* no task is gone at a place before it */
  gboolean    is_telling;   /* its model emits items-changed */
} TendEntryList;

void                tend_entry_list_append    (TendEntryList    *list,
                                               TendEntry        *entry);
void                tend_entry_list_remove    (TendEntryList    *list,
                                               TendEntry        *entry,
                                               gboolean          is_shown);
void                tend_entry_list_replace   (TendEntryList    *list,
                                               TendEntry        *entry,
                                               TendEntry        *other);
void                tend_entry_list_clear     (TendEntryList    *list);
TendTask           *tend_entry_list_get_told  (TendEntryList    *list,
                                               guint             position);
guint               tend_entry_list_take_gone (TendEntryList    *list,
                                               guint             n,
                                               GPtrArray        *tasks);
guint               tend_entry_list_take_new  (TendEntryList    *list);
TendEntry          *tend_entry_list_next      (TendEntryList    *list,
                                               TendEntry        *entry);

/* --- manager-view.c --- */

guint               tend_view_get_length      (TendEntryList    *list,
                                               gpointer          model);
TendTask           *tend_view_get_item        (TendEntryList    *list,
                                               gpointer          model,
                                               guint             position);
void                tend_view_remove          (TendEntryList    *list,
                                               gpointer          model,
                                               TendEntry        *entry);
gboolean            tend_view_tell            (TendEntryList    *list,
                                               gpointer          model);

/* --- manager-keep-ended.c --- */

void                tend_manager_end_entry    (TendEntry        *entry);
void                tend_manager_trim_ended   (TendTaskManager  *self);
void                tend_manager_clear_ended  (TendTaskManager  *self);

/* --- manager-running.c --- */

void                tend_running_add          (TendEntry        *entry);
void                tend_running_remove       (TendEntry        *entry);
gboolean            tend_running_tell         (TendRunning      *self);
void                tend_manager_clear_running (TendTaskManagerPrivate *priv);

/* --- manager-errors.c --- */

gboolean            tend_manager_tell_error   (TendTaskManager  *self,
                                               TendTask         *task,
                                               const GError     *error);
gboolean            tend_manager_ignores      (TendTaskManagerPrivate *priv,
                                               const GError     *error);

/* --- manager-entry.c --- */

G_GNUC_INTERNAL extern TendObserverClass tend_entry_observer;

TendEntry          *tend_entry_new            (TendTaskManager  *self,
                                               TendTask         *task,
                                               const char       *base);
void                tend_entry_free           (TendEntry        *entry);
void                tend_entry_note_begin     (TendEntry        *entry,
                                               gint64            now);
TendEntry          *tend_manager_find_entry   (TendTaskManager  *self,
                                               TendTask         *task);
TendTaskManager    *tend_manager_of_task      (TendTask         *task);
gboolean            tend_manager_holds        (TendTaskManager  *self,
                                               TendTask         *task);
void                tend_entry_begin          (TendEntry        *entry,
                                               gint64            now);
GPtrArray          *tend_manager_copy_tasks   (TendTaskManager  *self);
void                tend_manager_cancel_entries (TendTaskManager *self,
                                               TendTaskTest      spares);
void                tend_manager_free_entries (TendTaskManagerPrivate *priv);

/* --- manager-names.c --- */

TendEntry          *tend_names_lookup         (TendTaskManagerPrivate *priv,
                                               const char       *name);
TendEntry          *tend_names_find_last      (TendTaskManagerPrivate *priv,
                                               const char       *name);
GPtrArray          *tend_names_take           (TendTaskManagerPrivate *priv,
                                               const char       *name);
void                tend_names_add            (TendTaskManagerPrivate *priv,
                                               TendEntry        *entry);
void                tend_names_remove         (TendTaskManagerPrivate *priv,
                                               TendEntry        *entry);
TendEntry          *tend_names_released       (TendEntry        *entry);
TendEntry          *tend_names_find_waiting   (TendEntry        *entry);
TendEntry          *tend_names_find_draining  (TendEntry        *entry);

/* --- manager-lookup.c --- */

void                tend_manager_init_kept    (TendTaskManagerPrivate *priv);
void                tend_manager_clear_kept   (TendTaskManagerPrivate *priv);

/* --- manager-life.c --- */

void                tend_manager_life_init    (void);
void                tend_manager_add_entry    (TendTaskManager  *self,
                                               TendTask         *task,
                                               const char       *base);
void                tend_manager_abandon_entries (TendTaskManager *self);

/* --- manager-owner.c --- */

void                tend_manager_set_owner    (TendTaskManager  *self,
                                               GObject          *owner);
void                tend_manager_clear_owner  (TendTaskManager  *self);
void                tend_manager_end_tasks    (GPtrArray        *tasks);

G_END_DECLS
