// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Chance, the rack of live objects, and the tokens that count what comes of a call.

#include "fuzz.h"

/* --- Chance --- */

guint
pick (guint n)
{
  fuzz.chance ^= fuzz.chance << 13;
  fuzz.chance ^= fuzz.chance >> 17;
  fuzz.chance ^= fuzz.chance << 5;

  return fuzz.chance % n;
}

gint64
pick_time (void)
{
  static const gint64 times[] = { 0, 1, 1 * MSEC, 20 * MSEC, 100 * MSEC, 1 * SECOND, 1 * SECOND, 10 * SECOND };

  return times[pick (G_N_ELEMENTS (times))];
}

const char *
pick_name (void)
{
  static const char *const names[] = { NULL, "a", "b", "c", "d" };

  return names[pick (G_N_ELEMENTS (names))];
}

static GError *
make_exception (void)
{
  g_autoptr(GObject) exception = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(GError) error = tend_exception_error_new (exception, "thrown at random");

  if (tend_exception_error_get_exception (error) != exception)
    fail ("an error has lost its exception");

  return g_error_copy (error);
}

GError *
error_pick (void)
{
  switch (pick (4))
    {
    case 0:
      return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled at random");
    case 1:
      return g_error_new_literal (TEND_ERROR, TEND_ERROR_STATE, "a state at random");
    case 2:
      return make_exception ();
    default:
      return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "failed at random");
    }
}

/* --- The rack --- */

static gpointer *
find_slot (Kind kind)
{
  /* What belongs to the other context is given at times: some functions take it, and the others must refuse it. */
  guint side = kind == KIND_TASK && fuzz.has_sides && pick (12) == 0 ? 1 - fuzz.side : fuzz.side;
  guint first = pick (N_SLOTS);

  for (guint i = 0; i < N_SLOTS; i++)
    {
      gpointer *slot = &fuzz.slots[side][kind][(first + i) % N_SLOTS];

      if (*slot != NULL)
        {
          trace ("with %s %p of side %u", G_OBJECT_TYPE_NAME (*slot), *slot, side);
          return slot;
        }
    }

  return NULL;
}

/* Has a reference, which is taken over, last until the operation is over. */
gpointer
hold (gpointer object)
{
  g_ptr_array_add (fuzz.held, object);
  return object;
}

/* Each goes before the next, since what is told of it may make operations. */
void
drop_held (guint n_left)
{
  while (fuzz.held->len > n_left)
    g_object_unref (g_ptr_array_steal_index (fuzz.held, fuzz.held->len - 1));
}

/* Gives an object of the rack, or NULL. It lasts as long as the operation. */
gpointer
rack_hold (Kind kind)
{
  gpointer *slot = find_slot (kind);

  return slot != NULL ? hold (g_object_ref (*slot)) : NULL;
}

/*
 * Gives an object of the rack for one call, or NULL. Whoever is called by it may drop a task, of which a reference is
 * held for three of four: many calls are made by who has a task that only holds itself.
 */
gpointer
rack_get (Kind kind)
{
  gpointer *slot = find_slot (kind);

  if (slot == NULL)
    return NULL;

  return kind == KIND_TASK && pick (4) == 0 ? *slot : hold (g_object_ref (*slot));
}

gpointer
rack_take (Kind kind)
{
  gpointer *slot = find_slot (kind);

  return slot != NULL ? g_steal_pointer (slot) : NULL;
}

/* Takes the reference over. What stood in its place goes. */
void
rack_put (Kind     kind,
          gpointer object)
{
  gpointer *slot = &fuzz.slots[fuzz.side][kind][pick (N_SLOTS)];
  gpointer old = *slot;

  if (object == NULL)
    return;

  trace ("new %s %p", G_OBJECT_TYPE_NAME (object), object);
  *slot = object;
  if (old != NULL)
    g_object_unref (old);
}

void
rack_clear (void)
{
  for (guint i = 0; i < N_SIDES; i++)
    for (guint kind = 0; kind < N_KINDS; kind++)
      for (guint j = 0; j < N_SLOTS; j++)
        g_clear_object (&fuzz.slots[i][kind][j]);
}

/* Whether @object, or anything at all if that is NULL, is in the rack. */
gboolean
rack_has (gpointer object)
{
  for (guint i = 0; i < N_SIDES; i++)
    for (guint kind = 0; kind < N_KINDS; kind++)
      for (guint j = 0; j < N_SLOTS; j++)
        {
          gpointer slot = fuzz.slots[i][kind][j];

          if (slot != NULL && (object == NULL || slot == object))
            return TRUE;
        }

  return FALSE;
}

/* Collects some tasks of the rack, among them the same ones perhaps; gives how many. */
guint
rack_collect (TendTask **tasks,
              guint      most)
{
  guint n = 0;

  for (guint i = pick (most + 1); i > 0; i--)
    {
      tasks[n] = rack_hold (KIND_TASK);
      n += tasks[n] != NULL;
    }

  return n;
}

/* --- Tokens --- */

Token *
token_new (const char *what,
           TokenFlags  flags)
{
  Token *token = g_new0 (Token, 1);

  token->what = what;
  token->number = fuzz.tokens->len;
  token->flags = flags;
  token->is_begun = TRUE;
  token->variant = pick (1 << 16);
  g_ptr_array_add (fuzz.tokens, token);
  trace ("for %s %u", what, token->number);

  return token;
}

void
token_call (Token *token)
{
  if (g_thread_self () != fuzz.home || fuzz.is_elsewhere)
    fail ("%s %u was called in another thread", token->what, token->number);
  trace ("call %s %u", token->what, token->number);
  if (!token->is_begun)
    fail ("%s %u was called before the call that takes it had returned", token->what, token->number);
  if (token->n_destroyed > 0)
    fail ("%s %u was called after its data had been destroyed", token->what, token->number);
  if (token->n_calls++ > 0 && (token->flags & (TOKEN_ONCE | TOKEN_AT_MOST)) != 0)
    fail ("%s %u was called again", token->what, token->number);
}

/* A GDestroyNotify. */
void
token_destroy (gpointer data)
{
  Token *token = data;
  gboolean is_home = g_thread_self () == fuzz.home && !fuzz.is_elsewhere;

  if (!is_home && (token->flags & TOKEN_ANYWHERE) == 0)
    fail ("%s %u was destroyed in another thread", token->what, token->number);
  trace ("destroy %s %u", token->what, token->number);
  if (token->n_destroyed++ > 0)
    fail ("the data of %s %u were destroyed again", token->what, token->number);

  token->task = NULL;
  token->is_open = FALSE;
  g_clear_object (&token->kept);
  if (is_home)
    hook ();
}

/* A token that @matches, or NULL. */
Token *
token_find (gboolean (*matches) (Token *token))
{
  guint n = fuzz.tokens->len;
  guint first = n > 0 ? pick (n) : 0;

  for (guint i = 0; i < n; i++)
    {
      Token *token = g_ptr_array_index (fuzz.tokens, (first + i) % n);

      if (matches (token))
        return token;
    }

  return NULL;
}

static gboolean
is_closed (Token *token)
{
  if ((token->flags & TOKEN_ONCE) != 0 && token->n_calls == 0 && !fuzz.has_owners)
    return FALSE;

  return (token->flags & TOKEN_NOTIFIED) == 0 || token->n_destroyed == 1;
}

/* Counts those that something must still come of, and says whether a thread is among them. */
guint
tokens_count_open (gboolean  tell,
                   gboolean *has_threads)
{
  guint n = 0;

  *has_threads = FALSE;

  for (guint i = 0; i < fuzz.tokens->len; i++)
    {
      Token *token = g_ptr_array_index (fuzz.tokens, i);

      if (is_closed (token))
        continue;
      n++;
      *has_threads |= token->is_thread;
      if (tell)
        g_printerr ("# left: %s %u, called %u times\n", token->what, token->number, token->n_calls);
    }

  return n;
}

static void
object_gone_cb (gpointer  data,
                GObject  *object)
{
  token_destroy (data);
}

/* Has a token tell of the end of @object. */
void
token_watch (const char *what,
             gpointer    object)
{
  g_object_weak_ref (object, object_gone_cb, token_new (what, TOKEN_NOTIFIED));
}

/* The same for what goes in any thread. */
void
token_watch_any (const char *what,
                 gpointer    object)
{
  g_object_weak_ref (object, object_gone_cb, token_new (what, TOKEN_NOTIFIED | TOKEN_ANYWHERE));
}

/* --- Values --- */

GObject *
value_object_new (void)
{
  GObject *object = g_object_new (G_TYPE_OBJECT, NULL);

  token_watch ("object as a value", object);
  return object;
}

/* A boxed value whose copies and ends are told, as those of a language binding are. */
static gpointer
boxed_copy (gpointer boxed)
{
  hook ();
  return token_new ("boxed value", TOKEN_NOTIFIED);
}

static GType
boxed_get_type (void)
{
  static GType type = 0;

  if (type == 0)
    type = g_boxed_type_register_static ("FuzzBoxed", boxed_copy, token_destroy);
  return type;
}

/* Sets @value, which is all zeroes. */
void
value_pick (GValue *value)
{
  switch (pick (4))
    {
    case 0:
      g_value_init (value, G_TYPE_INT64);
      g_value_set_int64 (value, pick (100));
      break;
    case 1:
      g_value_init (value, G_TYPE_STRING);
      g_value_set_static_string (value, "text");
      break;
    case 2:
      g_value_init (value, G_TYPE_OBJECT);
      g_value_take_object (value, value_object_new ());
      break;
    default:
      g_value_init (value, boxed_get_type ());
      g_value_take_boxed (value, token_new ("boxed value", TOKEN_NOTIFIED));
    }
}

/* --- Answers --- */

/* Errors are of the domains that the reference names, and say something. */
void
check_error (const GError *error)
{
  if (error->domain != TEND_ERROR && error->domain != TEND_EXCEPTION_ERROR && error->domain != G_IO_ERROR)
    fail ("an error of the domain %s: %s", g_quark_to_string (error->domain), error->message);
  if (error->message == NULL || *error->message == '\0' || !g_utf8_validate (error->message, -1, NULL))
    fail ("an error of the domain %s without a message", g_quark_to_string (error->domain));
}

/* A call that fails sets its error, and one that does not sets none. */
void
check_answer (gboolean      ok,
              const GError *error)
{
  if (ok && error != NULL)
    fail ("a call that has succeeded gives an error: %s", error->message);
  if (!ok && error == NULL)
    fail ("a call has failed without an error");
  if (error != NULL)
    {
      trace ("refused: %s", error->message);
      check_error (error);
    }
}
