// SPDX-License-Identifier: Apache-2.0
#include "collector/token_command.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "collector/clock.h"
#include "collector/store/store.h"
#include "collector/store/store_audit.h"
#include "collector/store/store_tokens.h"

enum { SECRET_BYTES = 32, SECRET_TEXT_BYTES = 2 * SECRET_BYTES + 1 };

static int fail(const struct store *store, const char *what)
{
	const struct store_fault *fault = store_fault(store);
	fprintf(stderr, "musterd: %s: %s\n  where:  %s\n  remedy: %s\n", what, fault->what, fault->where, fault->remedy);
	return 1;
}

static bool is_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
	return length && length < STORE_TOKEN_NAME_BYTES && !name[length];
}

static void write_audit(struct store *store, const char *action, const char *name)
{
	char actor[64];
	snprintf(actor, sizeof actor, "local user %u", (unsigned)getuid());
	struct store_audit row = { .at_ms = clock_wall_ms(),
		.actor = actor,
		.action = action,
		.target = name,
		.detail = "",
		.outcome = "ok" };
	if (store_audit_add(store, &row) < 0)
		fprintf(stderr, "musterd: the audit log could not be written: %s\n", store_fault(store)->what);
}

static int make_token(struct store *store, const char *name)
{
	uint8_t secret[SECRET_BYTES], hash[SHA256_DIGEST_LENGTH];
	char text[SECRET_TEXT_BYTES];
	if (RAND_bytes(secret, sizeof secret) != 1) {
		fprintf(stderr, "musterd: the system gives no random bytes\n");
		return 1;
	}
	for (int i = 0; i < SECRET_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", secret[i]);
	SHA256((const uint8_t *)text, sizeof text - 1, hash);
	int err = store_token_add(store, name, hash, clock_wall_ms());
	if (err == -STORE_EEXIST) {
		fprintf(stderr, "musterd: there is or was a token named %s; names are used once, take another\n", name);
		return 1;
	}
	if (err)
		return fail(store, "the token could not be stored");
	write_audit(store, "token.add", name);
	printf("%s\n", text);
	fprintf(stderr, "This is shown once. Use it as MUSTER_TOKEN or in ~/.config/muster/token.\n");
	return 0;
}

static int end_token(struct store *store, const char *name)
{
	int err = store_token_revoke(store, name, clock_wall_ms());
	if (err == -STORE_ENOENT) {
		fprintf(stderr, "musterd: no token named %s is in force; `musterd token list` shows them\n", name);
		return 1;
	}
	if (err)
		return fail(store, "the token could not be revoked");
	write_audit(store, "token.revoke", name);
	return 0;
}

static void format_time(uint64_t ms, char text[32])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm utc;
	gmtime_r(&seconds, &utc);
	strftime(text, 32, "%Y-%m-%d %H:%M:%S", &utc);
}

static int print_row(void *context, const struct store_token *token)
{
	char created[32], revoked[32] = "in force";
	(void)context;
	format_time(token->created_ms, created);
	if (token->revoked_ms)
		format_time(token->revoked_ms, revoked);
	printf("%-32s %-19s  %s\n", token->name, created, revoked);
	return 0;
}

static int list_tokens(struct store *store, const char *name)
{
	(void)name; // takes none
	printf("%-32s %-19s  %s\n", "NAME", "CREATED (UTC)", "REVOKED (UTC)");
	return store_token_list(store, print_row, 0) < 0 ? fail(store, "the tokens cannot be read") : 0;
}

static const struct verb {
	const char *name;
	int words;
	int (*run)(struct store *store, const char *name);
} verbs[] = { { "add", 3, make_token }, { "revoke", 3, end_token }, { "list", 2, list_tokens } };

int token_command(const struct config *config, int word_count, char *const *words)
{
	const struct verb *verb = 0;
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (word_count > 1 && strcmp(verbs[i].name, words[1]) == 0 && verbs[i].words == word_count)
			verb = &verbs[i];
	if (!verb || (word_count == 3 && !is_name(words[2]))) {
		fprintf(stderr,
			"usage: musterd token add NAME | revoke NAME | list   [--config FILE]\nNAME: 1 to 64 of A-Z a-z 0-9 . _ -\n");
		return 2;
	}
	struct store_fault fault;
	struct store *store;
	if (store_open(&store, config->store.path, STORE_GUEST, &fault) < 0) {
		fprintf(stderr, "musterd: %s\n  where:  %s\n  remedy: %s\n", fault.what, fault.where, fault.remedy);
		return 1;
	}
	int code = verb->run(store, word_count == 3 ? words[2] : "");
	store_close(store);
	return code;
}
