// SPDX-License-Identifier: Apache-2.0
#include "collector/cli/client.h"
#include "collector/cli/terminal.h"
#include "collector/signing/pem_file.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_QUIET_S = 30 }; // the server sends a comment every 10 s
enum { ANSWER_MAX = 64 * 1024 * 1024, TIMEOUT_S = 10, TOKEN_BYTES = 300, URL_BYTES = 1024 };

struct client {
	CURL *curl;
	FILE *err;
	char server[512];
	char *answer;
	size_t answer_size, answer_capacity;
	long status;
	int quiet;
};

struct client *client_new(const char *server, FILE *err)
{
	struct client *client = calloc(1, sizeof *client);
	const char *environment = getenv("MUSTER_SERVER");
	if (!client)
		return 0;
	if (!server)
		server = environment && *environment ? environment : "http://127.0.0.1:8970";
	client->err = err;
	snprintf(client->server, sizeof client->server, "%s", server);
	size_t length = strlen(client->server);
	if (length && client->server[length - 1] == '/')
		client->server[length - 1] = 0;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	client->curl = curl_easy_init();
	if (!client->curl) {
		client_free(client);
		return 0;
	}
	return client;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	if (client->curl)
		curl_easy_cleanup(client->curl);
	free(client->answer);
	free(client);
}

const char *client_server(const struct client *client)
{
	return client->server;
}

long client_status(const struct client *client)
{
	return client->status;
}

void client_set_quiet(struct client *client, int quiet)
{
	client->quiet = quiet;
}

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
	struct client *client = context;
	size_t more = size * count, needed = client->answer_size + more + 1;
	if (needed > ANSWER_MAX)
		return 0;
	if (needed > client->answer_capacity) {
		size_t capacity = needed * 2;
		char *grown = realloc(client->answer, capacity);
		if (!grown)
			return 0;
		client->answer = grown;
		client->answer_capacity = capacity;
	}
	memcpy(client->answer + client->answer_size, bytes, more);
	client->answer_size += more;
	client->answer[client->answer_size] = 0;
	return more;
}

// Whether the host, not merely the beginning of the address, is this machine: 127.0.0.1.example.org is not.
static int is_local(const char *server)
{
	CURLU *url = curl_url();
	char *host = 0;
	struct in_addr address;
	int local = 0;
	if (url && curl_url_set(url, CURLUPART_URL, server, CURLU_GUESS_SCHEME) == CURLUE_OK &&
		curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK)
		local = strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
			(inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
	curl_free(host);
	curl_url_cleanup(url);
	return local;
}

static int read_token_file(const char *path, char *token, size_t size)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return -1;
	int got = fgets(token, (int)size, file) != 0;
	fclose(file);
	if (!got)
		return -1;
	token[strcspn(token, " \t\r\n")] = 0;
	return *token ? 0 : -1;
}

static int find_token(char *token, size_t size)
{
	const char *text = getenv("MUSTER_TOKEN"), *file = getenv("MUSTER_TOKEN_FILE"), *home = getenv("HOME");
	char path[512];
	if (text && *text)
		return snprintf(token, size, "%s", text) < (int)size ? 0 : -1;
	if (file && *file)
		return read_token_file(file, token, size);
	if (!home || snprintf(path, sizeof path, "%s/.config/muster/token", home) >= (int)sizeof path)
		return -1;
	return read_token_file(path, token, size);
}

static void tell(struct client *client, const char *what, const char *where, const char *remedy)
{
	char text[3][512];
	if (client->quiet)
		return;
	fprintf(client->err, "muster: %s (%s)\n", terminal_clean(what, text[0], sizeof text[0]),
		terminal_clean(where, text[1], sizeof text[1]));
	if (*remedy)
		fprintf(client->err, "  %s\n", terminal_clean(remedy, text[2], sizeof text[2]));
}

static void tell_refusal(struct client *client, const json_t *answer)
{
	const char *what = 0, *where = 0, *remedy = 0;
	char text[64];
	snprintf(text, sizeof text, "the server answered with status %ld", client->status);
	json_unpack((json_t *)answer, "{s:{s:s,s:s,s:s}}", "error", "what", &what, "where", &where, "remedy", &remedy);
	tell(client, what ? what : text, where ? where : client->server, remedy ? remedy : "is this the address of musterd?");
}

// Null: the system's certificates.
static const char *ca_file(void)
{
	const char *file = getenv("MUSTER_CA_FILE");
	return file && *file ? file : 0;
}

// No answer came. reason: libcurl's, may be empty.
static void tell_failure(struct client *client, CURLcode result, const char *reason)
{
	char problem[PEM_FILE_PROBLEM_BYTES], clean[PEM_FILE_PROBLEM_BYTES];
	const char *remedy = "is musterd running there? give its address with --server or MUSTER_SERVER";
	if (result == CURLE_SSL_CACERT_BADFILE && ca_file() && pem_file_check_certificates(ca_file(), problem, sizeof problem) < 0) {
		if (!client->quiet)
			fprintf(client->err, "muster: MUSTER_CA_FILE: %s\n", terminal_clean(problem, clean, sizeof clean));
		return;
	}
	if (result == CURLE_PEER_FAILED_VERIFICATION)
		remedy = "name the file of its CA with MUSTER_CA_FILE, and in --server the host that its certificate is for";
	tell(client, *reason ? reason : curl_easy_strerror(result), client->server, remedy);
}

// What requests of every kind have in common.
static void prepare(struct client *client, const char *path, char url[URL_BYTES], char reason[CURL_ERROR_SIZE])
{
	CURL *curl = client->curl;
	snprintf(url, URL_BYTES, "%s%s", client->server, path);
	*reason = 0;
	client->answer_size = 0;
	client->status = 0;
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
	if (is_local(client->server))
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
	if (ca_file())
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file());
}

static int send_request(struct client *client, const char *path, struct curl_slist *headers, const char *body)
{
	char url[URL_BYTES], reason[CURL_ERROR_SIZE];
	CURL *curl = client->curl;
	prepare(client, path, url, reason);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (body) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	}
	CURLcode result = curl_easy_perform(curl);
	if (result == CURLE_OK)
		return curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &client->status), 0;
	tell_failure(client, result, reason);
	return -1;
}

static json_t *ask(struct client *client, const char *path, struct curl_slist *headers, const char *body)
{
	json_error_t error;
	if (send_request(client, path, headers, body) < 0)
		return 0;
	json_t *answer = json_loadb(client->answer ? client->answer : "", client->answer_size, 0, &error);
	if (answer && client->status >= 200 && client->status < 300)
		return answer;
	tell_refusal(client, answer);
	json_decref(answer);
	return 0;
}

json_t *client_get(struct client *client, const char *path)
{
	return ask(client, path, 0, 0);
}

json_t *client_post(struct client *client, const char *path, const json_t *body)
{
	char token[TOKEN_BYTES], header[TOKEN_BYTES + 32];
	client->status = 0;
	if (find_token(token, sizeof token) < 0) {
		tell(client, "an action needs a token", "MUSTER_TOKEN, MUSTER_TOKEN_FILE or ~/.config/muster/token",
			"make one where musterd runs with `musterd token add NAME`");
		return 0;
	}
	if (strncmp(client->server, "https://", 8) != 0 && !is_local(client->server)) {
		tell(client, "a token is not sent without TLS to another machine", client->server, "use https://");
		return 0;
	}
	snprintf(header, sizeof header, "Authorization: Bearer %s", token);
	struct curl_slist *headers = curl_slist_append(0, "Content-Type: application/json");
	headers = curl_slist_append(headers, header);
	char *text = json_dumps(body, JSON_COMPACT);
	json_t *answer = text ? ask(client, path, headers, text) : 0;
	free(text);
	curl_slist_free_all(headers);
	return answer;
}

// ---- answers without an end

struct streaming {
	struct client *client;
	client_take *take;
	void *context;
	const volatile sig_atomic_t *stop;
	int is_enough;
};

static size_t take_piece(char *bytes, size_t size, size_t count, void *context)
{
	struct streaming *streaming = context;
	struct client *client = streaming->client;
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &client->status);
	if (client->status != 200)
		return take(bytes, size, count, client); // says why not
	streaming->is_enough = streaming->take(streaming->context, bytes, size * count);
	return streaming->is_enough ? 0 : size * count;
}

static int look_at_stop(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct streaming *streaming = context;
	(void)a, (void)b, (void)c, (void)d;
	return *streaming->stop != 0;
}

enum client_end client_stream(struct client *client, const char *path, client_take *take_bytes, void *context,
	const volatile sig_atomic_t *stop)
{
	char url[URL_BYTES], reason[CURL_ERROR_SIZE];
	struct streaming streaming = { client, take_bytes, context, stop, 0 };
	CURL *curl = client->curl;
	prepare(client, path, url, reason);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STREAM_QUIET_S);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_at_stop);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &streaming);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &streaming);
	CURLcode result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &client->status);
	if (streaming.is_enough || *stop)
		return CLIENT_ENOUGH;
	if (client->status == 200)
		return CLIENT_LOST;
	if (client->status) {
		json_t *answer = json_loadb(client->answer ? client->answer : "", client->answer_size, 0, 0);
		tell_refusal(client, answer);
		json_decref(answer);
		return client->status >= 500 ? CLIENT_UNREACHABLE : CLIENT_REFUSED;
	}
	tell_failure(client, result, reason);
	return CLIENT_UNREACHABLE;
}
