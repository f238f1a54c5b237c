// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/mqtt_handle.h"
#include "agent/image/err.h"
#include "agent/port/linux/broker_uri.h"
#include <errno.h>
#include <mosquitto.h>
#include <net/if.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

// libmosquitto wakes its own loop through a pair of sockets that nobody reads here: two descriptors and, once the pair is full, 200 KB of
// kernel memory a session, and a system call a packet. It goes on without when it cannot have one.
static struct mosquitto *new_handle(const char *id, void *context)
{
	struct rlimit limit, none;
	bool limited = getrlimit(RLIMIT_NOFILE, &limit) == 0;
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = limited ? limit.rlim_max : 0 };
	limited = limited && setrlimit(RLIMIT_NOFILE, &none) == 0;
	struct mosquitto *handle = mosquitto_new(id, false, context);
	if (limited)
		setrlimit(RLIMIT_NOFILE, &limit);
	return handle;
}

// The session's own context: libmosquitto would judge dates by this computer's clock, and leaves no part of the check out but all.
static int set_tls(struct mosquitto *handle, const struct mu_mqtt_tls *files, const char *host, uint64_t trusted_wall_ms)
{
	SSL_CTX *context;
	int err = mu_tls_context(&context, files, host, trusted_wall_ms);
	if (err < 0)
		return err;
	bool taken = mosquitto_int_option(handle, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) == MOSQ_ERR_SUCCESS &&
		mosquitto_void_option(handle, MOSQ_OPT_SSL_CTX, context) == MOSQ_ERR_SUCCESS;
	SSL_CTX_free(context); // libmosquitto has its own reference
	return taken ? 0 : MU_ERR_AUTH;
}

static int set_options(struct mosquitto *handle, const struct mu_mqtt_options *options)
{
	mosquitto_threaded_set(handle, true); // calls only queue
	mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1);
	if (options->user && mosquitto_username_pw_set(handle, options->user, options->password))
		return MU_ERR_INVALID;
	if (options->will_topic &&
		mosquitto_will_set(handle, options->will_topic, (int)strlen(options->will_payload), options->will_payload, 1, false))
		return MU_ERR_INVALID;
	return 0;
}

int mu_mqtt_handle_new(struct mosquitto **out, const struct mu_mqtt_options *options, const struct mu_broker_uri *uri,
	const struct mu_mqtt_tls *files, void *context)
{
	*out = 0;
	struct mosquitto *handle = new_handle(options->client_id, context);
	if (!handle)
		return MU_ERR_NO_MEMORY;
	int err = set_options(handle, options);
	if (!err && uri->tls)
		err = set_tls(handle, files, uri->host, options->trusted_wall_ms);
	if (err < 0) {
		mosquitto_destroy(handle);
		return err;
	}
	*out = handle;
	return 0;
}

// ---- errors

int mu_mqtt_handle_reason(int code, int error)
{
	if (code == MOSQ_ERR_KEEPALIVE || error == ETIMEDOUT)
		return MU_ERR_TIMEOUT;
	if (code == MOSQ_ERR_CONN_LOST || error == ECONNREFUSED || error == ECONNRESET || error == EPIPE)
		return MU_ERR_CLOSED;
	return code == MOSQ_ERR_TLS ? MU_ERR_AUTH : MU_ERR_IO;
}

static int socket_error(int fd)
{
	int error = 0;
	socklen_t size = sizeof error;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

// libmosquitto writes before the connection is there, if it has TLS to begin: that may have taken the socket's error.
static int connection_error(int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof peer;
	int error = socket_error(fd);
	return error || getpeername(fd, (struct sockaddr *)&peer, &size) == 0 ? error : ECONNREFUSED;
}

static int handshake_error(int fd)
{
	char byte;
	if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		return ECONNRESET;
	return errno == EAGAIN ? 0 : socket_error(fd);
}

static int checked(int error)
{
	return error ? mu_mqtt_handle_reason(0, error) : 0;
}

int mu_mqtt_handle_check_connection(int fd)
{
	return checked(connection_error(fd));
}

int mu_mqtt_handle_check_handshake(int fd)
{
	return checked(handshake_error(fd));
}

// ---- connecting

static int port_of(const struct mu_address *address)
{
	return ntohs(address->any.sa_family == AF_INET6 ? address->ipv6.sin6_port : address->ipv4.sin_port);
}

int mu_mqtt_handle_connect(struct mosquitto *handle, const struct mu_address *address, uint32_t keepalive_s)
{
	char text[INET6_ADDRSTRLEN + IF_NAMESIZE];
	if (getnameinfo(&address->any, address->size, text, sizeof text, 0, 0, NI_NUMERICHOST))
		return MU_ERR_IO;
	errno = 0;
	int code = mosquitto_connect_async(handle, text, port_of(address), (int)keepalive_s);
	return code || mosquitto_socket(handle) < 0 ? mu_mqtt_handle_reason(code, errno) : 0;
}
