// SPDX-License-Identifier: Apache-2.0
// e2e-forge: signs a command that no honest operator would send, and prints it as the body of a POST to .../commands.
//
//   e2e-forge key=FILE device=ID id=HEX32 counter=N body=rollback running=HEX16 target=HEX16 [not_after_ms=N] [key_id=HEX16] [spoil=1]
//   e2e-forge key=FILE device=ID id=HEX32 counter=N body=reboot|report
//
// key: a private key; key_id: the one to name instead of it. spoil=1: a byte of the command is changed after it was signed.
// Exit 0, or 2 with the reason on stderr.
#include "collector/signing/keys.h"
#include "collector/signing/sign.h"
#include "collector/http/json_text.h"
#include "proto/limits.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENT_BYTES = 512, REPORT_INTERVAL_S = 1, REPORT_FOR_S = 600 };

enum argument { KEY, DEVICE, ID, COUNTER, BODY, RUNNING, TARGET, NOT_AFTER_MS, WRONG_KEY_ID, SPOIL, ARGUMENTS };

static const char *const names[ARGUMENTS] = {
	"key", "device", "id", "counter", "body", "running", "target", "not_after_ms", "key_id", "spoil",
};

struct forgery {
	char text[ARGUMENTS][ARGUMENT_BYTES];
	uint8_t id[MU_COMMAND_ID_BYTES], running[MU_IMAGE_SHA_BYTES], target[MU_IMAGE_SHA_BYTES], key_id[MU_KEY_ID_BYTES];
	Mu__Rollback rollback;
	Mu__Reboot reboot;
	Mu__Report report;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "e2e-forge: %s: %s\n", what, why);
	exit(2);
}

static void take(struct forgery *forgery, const char *word)
{
	size_t length = strcspn(word, "=");
	for (int i = 0; i < ARGUMENTS; i++)
		if (strlen(names[i]) == length && memcmp(names[i], word, length) == 0 && word[length]) {
			snprintf(forgery->text[i], ARGUMENT_BYTES, "%s", word + length + 1);
			return;
		}
	die(word, "is not NAME=VALUE with a name that is known");
}

static void read_hex(const struct forgery *forgery, enum argument which, uint8_t *bytes, size_t size)
{
	if (hex_decode(forgery->text[which], bytes, size) < 0)
		die(names[which], "is not hex of the right length");
}

static void put_rollback(struct forgery *forgery, Mu__Command *command)
{
	read_hex(forgery, RUNNING, forgery->running, sizeof forgery->running);
	read_hex(forgery, TARGET, forgery->target, sizeof forgery->target);
	mu__rollback__init(&forgery->rollback);
	forgery->rollback.running_sha = (ProtobufCBinaryData){ sizeof forgery->running, forgery->running };
	forgery->rollback.target_sha = (ProtobufCBinaryData){ sizeof forgery->target, forgery->target };
	command->body_case = MU__COMMAND__BODY_ROLLBACK;
	command->rollback = &forgery->rollback;
}

static void put_reboot(struct forgery *forgery, Mu__Command *command)
{
	mu__reboot__init(&forgery->reboot);
	command->body_case = MU__COMMAND__BODY_REBOOT;
	command->reboot = &forgery->reboot;
}

static void put_report(struct forgery *forgery, Mu__Command *command)
{
	mu__report__init(&forgery->report);
	forgery->report.interval_s = REPORT_INTERVAL_S;
	forgery->report.for_s = REPORT_FOR_S;
	command->body_case = MU__COMMAND__BODY_REPORT;
	command->report = &forgery->report;
}

static const struct {
	const char *name;
	void (*put)(struct forgery *forgery, Mu__Command *command);
} bodies[] = {
	{ "rollback", put_rollback },
	{ "reboot", put_reboot },
	{ "report", put_report },
};

static void put_body(struct forgery *forgery, Mu__Command *command)
{
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		if (strcmp(bodies[i].name, forgery->text[BODY]) == 0) {
			bodies[i].put(forgery, command);
			return;
		}
	die(forgery->text[BODY], "is no body that is known here");
}

static void build(struct forgery *forgery, Mu__Command *command)
{
	mu__command__init(command);
	read_hex(forgery, ID, forgery->id, sizeof forgery->id);
	command->device = forgery->text[DEVICE];
	command->id = (ProtobufCBinaryData){ sizeof forgery->id, forgery->id };
	command->counter = strtoull(forgery->text[COUNTER], 0, 10);
	command->has_not_after_ms = *forgery->text[NOT_AFTER_MS] != 0;
	command->not_after_ms = strtoull(forgery->text[NOT_AFTER_MS], 0, 10);
	put_body(forgery, command);
}

int main(int argc, char **argv)
{
	struct forgery forgery = { 0 };
	struct signed_command sign;
	Mu__Command command;
	char problem[900];
	for (int i = 1; i < argc; i++)
		take(&forgery, argv[i]);
	EVP_PKEY *key = keys_load(forgery.text[KEY], forgery.key_id, problem, sizeof problem);
	if (!key)
		die(forgery.text[KEY], problem);
	if (*forgery.text[WRONG_KEY_ID])
		read_hex(&forgery, WRONG_KEY_ID, forgery.key_id, sizeof forgery.key_id);
	build(&forgery, &command);
	if (sign_command(&command, key, forgery.key_id, &sign) < 0)
		die("command", "cannot be signed");
	EVP_PKEY_free(key);
	if (*forgery.text[SPOIL])
		sign.command[sign.command_size - 1] ^= 1;
	json_t *body = sign_body(&sign);
	json_dumpf(body, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(body);
	return 0;
}
