// SPDX-License-Identifier: Apache-2.0
#include "tests/collector/cli/scene.h"
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct options scene_options(const char *id)
{
	return (struct options){ .timeout_s = 5, .count = 1, .arguments = { id } };
}

int scene_play(struct scene *scene)
{
	FILE *in = stdin;
	scene->answers = answers_start(scene->rows);
	console_begin(&scene->console);
	setenv("MUSTER_TOKEN", "secret", 1);
	struct cli cli = { .terminal = { scene->console.out, scene->console.err, 80, false, false, scene->typed != 0 },
		.options = scene->options };
	cli.client = client_new(answers_url(scene->answers), scene->console.err);
	if (scene->typed) // one byte more than the text: an empty one is the end of input
		stdin = fmemopen((void *)scene->typed, strlen(scene->typed) + 1, "r");
	int code = scene->run(&cli);
	if (scene->typed)
		fclose(stdin);
	stdin = in;
	client_free(cli.client);
	console_end(&scene->console);
	scene->asked = answers_stop(scene->answers, &scene->asked_count);
	assert_true(console_is_harmless(scene->console.err_text));
	return code;
}

void scene_end(struct scene *scene)
{
	answers_free(scene->answers);
	console_free(&scene->console);
}

void scene_told(const struct scene *scene, const char *piece)
{
	if (!strstr(scene->console.err_text, piece))
		fail_msg("\"%s\" is not in:\n%s", piece, scene->console.err_text);
}

size_t scene_posts(const struct scene *scene)
{
	size_t posts = 0;
	for (size_t i = 0; i < scene->asked_count; i++)
		posts += strncmp(scene->asked[i].line, "POST", 4) == 0;
	return posts;
}

void scene_make_key(struct key_entry *entry)
{
	char folder[KEY_PATH_BYTES], problem[900];
	assert_int_equal(keys_folder(0, folder, sizeof folder, problem, sizeof problem), 0);
	assert_int_equal(keys_new(folder, "operator", "alice", entry, problem, sizeof problem), 0);
}

size_t scene_sent(const char *body, const char *member, uint8_t bytes[2000])
{
	json_t *json = json_loads(body, 0, 0);
	const char *text = json_string_value(json_object_get(json, member));
	assert_non_null(text);
	assert_true(strlen(text) <= 2000 / 3 * 4);
	size_t size = (size_t)EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)strlen(text)) - strlen(strchrnul(text, '='));
	json_decref(json);
	return size;
}
