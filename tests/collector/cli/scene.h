// SPDX-License-Identifier: Apache-2.0
// One run of a verb of `muster` against prepared answers: what goes in, and what it leaves behind. Tests of the verbs that sign commands
// share it. All asserts: a failure here ends the test. HOME is console_home_make()'s, the token is "secret".
//
//   struct scene scene = { .rows = rows, .run = cli_log, .options = scene_options("edge-7") };
//   assert_int_equal(scene_play(&scene), EXIT_DONE);
//   scene_told(&scene, "edge-7: done\n");
//   scene_end(&scene);
#ifndef TESTS_COLLECTOR_CLI_SCENE_H
#define TESTS_COLLECTOR_CLI_SCENE_H
#include "collector/cli/cli.h"
#include "collector/signing/keys.h"
#include "tests/collector/cli/answers.h"
#include "tests/collector/cli/console.h"
#include <stddef.h>
#include <stdint.h>

// What musterd answers when a command is prepared and submitted, and where it is then asked for.
#define SCENE_ID "000102030405060708090a0b0c0d0e0f"
#define SCENE_SUBMITTED "{\"id\":\"" SCENE_ID "\"}"
#define SCENE_LOOK "/api/v1/commands/0001"

struct scene {
	struct answers_row *rows;
	cli_run *run;
	struct options options;
	const char *typed; // at the keyboard; null: no terminal, nobody can be asked
	// after scene_play():
	struct console console;
	struct answers *answers;
	const struct answers_asked *asked;
	size_t asked_count;
};

// One device; the command may take 5 s.
struct options scene_options(const char *id);
int scene_play(struct scene *scene); // the exit code
void scene_end(struct scene *scene);

void scene_told(const struct scene *scene, const char *piece); // on stderr
size_t scene_posts(const struct scene *scene); // how many requests would change something

// An operator's key in the folder where the verbs look for one.
void scene_make_key(struct key_entry *entry);
// The bytes of a member of a body that was sent, in base64 there; at most 2 000. Returns their number.
size_t scene_sent(const char *body, const char *member, uint8_t bytes[2000]);

#endif
