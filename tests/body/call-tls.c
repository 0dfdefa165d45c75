// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// TendCall over TLS, with a certificate that is made here.

#include "call-gio.h"

#include <glib/gstdio.h>

typedef struct
{
  GTlsCertificate *certificate;
  GSocketService  *service;
  guint16          port;
  guint            n_served;
} Tls;

/* Makes a key and a certificate for it, or returns NULL where there is no program that does. */
static GTlsCertificate *
make_certificate (void)
{
  g_autofree char *dir = g_dir_make_tmp ("tend-tls-XXXXXX", NULL);
  g_autofree char *key = g_build_filename (dir, "key.pem", NULL);
  g_autofree char *pem = g_build_filename (dir, "certificate.pem", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GSubprocess) openssl = NULL;
  GTlsCertificate *certificate = NULL;

  openssl = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL,
                              "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                              "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", pem, NULL);
  if (openssl != NULL && g_subprocess_wait_check (openssl, NULL, &error))
    certificate = g_tls_certificate_new_from_files (pem, key, &error);
  g_assert_no_error (error);

  g_unlink (key);
  g_unlink (pem);
  g_rmdir (dir);

  return certificate;
}

static void
closed_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_io_stream_close_finish (G_IO_STREAM (source_object), result, NULL);
}

static void
shaken_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Tls *tls = user_data;

  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (source_object), result, NULL))
    tls->n_served++;
  g_io_stream_close_async (G_IO_STREAM (source_object), G_PRIORITY_DEFAULT, NULL, closed_cb, NULL);
}

static gboolean
incoming_cb (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source_object,
             gpointer           user_data)
{
  Tls *tls = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GIOStream) stream = g_tls_server_connection_new (G_IO_STREAM (connection), tls->certificate, &error);

  g_assert_no_error (error);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (stream), G_PRIORITY_DEFAULT, NULL, shaken_cb, tls);
  return TRUE;
}

static gboolean
accept_cb (GTlsConnection       *connection,
           GTlsCertificate      *certificate,
           GTlsCertificateFlags  errors,
           gpointer              user_data)
{
  return g_tls_certificate_is_same (certificate, ((Tls *) user_data)->certificate);
}

static void
event_cb (GSocketClient      *client,
          GSocketClientEvent  event,
          GSocketConnectable *connectable,
          GIOStream          *stream,
          gpointer            user_data)
{
  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING)
    g_signal_connect (stream, "accept-certificate", G_CALLBACK (accept_cb), user_data);
}

static gboolean
tls_body (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  Tls *tls = user_data;
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GSocketConnection) connection = NULL;
  g_auto(TendCall) call = TEND_CALL_INIT;
  char byte;

  g_socket_client_set_tls (client, TRUE);
  g_socket_client_set_enable_proxy (client, FALSE);
  g_signal_connect (client, "event", G_CALLBACK (event_cb), tls);

  g_socket_client_connect_to_host_async (client, "localhost", tls->port, tend_call_start (&call), tend_call_ready,
                                         &call);
  if (!await_call (&call, error))
    return FALSE;
  connection = g_socket_client_connect_to_host_finish (client, call.result, error);
  if (connection == NULL)
    return FALSE;

  /* The server closes in order. */
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (connection)), &byte, 1, G_PRIORITY_DEFAULT,
                             tend_call_start (&call), tend_call_ready, &call);
  return await_call (&call, error) &&
         g_input_stream_read_finish (g_io_stream_get_input_stream (G_IO_STREAM (connection)), call.result, error) == 0;
}

static void
test_tls (void)
{
  Tls tls = { NULL };
  g_autoptr(GError) error = NULL;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()) || (tls.certificate = make_certificate ()) == NULL)
    {
      g_test_skip ("glib-networking or openssl is not installed");
      return;
    }

  tls.service = g_socket_service_new ();
  tls.port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (tls.service), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (tls.service, "incoming", G_CALLBACK (incoming_cb), &tls);

  run_all_ways (tls_body, &tls);
  g_assert_cmpuint (tls.n_served, >=, 1);

  g_socket_service_stop (tls.service);
  g_socket_listener_close (G_SOCKET_LISTENER (tls.service));
  settle ();
  g_object_unref (tls.service);
  g_object_unref (tls.certificate);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/call/tls", test_tls);

  return g_test_run ();
}
