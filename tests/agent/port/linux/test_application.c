// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/port/linux/application.h"

// The agent's side, as a book of what it was told.
static struct {
	const char *names[4];
	unsigned tokens;
	uint64_t checked_in_ms[4];
	int64_t loops;
	double celsius;
	unsigned lines, events;
} book;

int mu_agent_token(struct mu_agent *agent, const char *name, uint32_t deadline_ms, uint64_t now_ms)
{
	(void)agent, (void)deadline_ms, (void)now_ms;
	if (book.tokens == 4)
		return MU_ERR_FULL;
	book.names[book.tokens] = name;
	return (int)book.tokens++;
}

void mu_agent_check_in(struct mu_agent *agent, int token, uint64_t now_ms)
{
	(void)agent;
	assert_in_range(token, 0, 3);
	book.checked_in_ms[token] = now_ms;
}

int mu_agent_metric(struct mu_agent *agent, const char *name)
{
	(void)agent;
	return strcmp(name, "app_loops") != 0;
}

int mu_agent_metric_integer(struct mu_agent *agent, int metric, int64_t value)
{
	(void)agent;
	assert_int_equal(metric, 0);
	book.loops = value;
	return 0;
}

int mu_agent_metric_real(struct mu_agent *agent, int metric, double value)
{
	(void)agent;
	assert_int_equal(metric, 1);
	book.celsius = value;
	return 0;
}

int mu_agent_event(struct mu_agent *agent, const char *name, const char *text, int64_t value, uint64_t now_ms)
{
	(void)agent, (void)text, (void)value, (void)now_ms;
	assert_string_equal(name, "chatter");
	book.events++;
	return MU_ERR_BUSY; // an application does not stop for that
}

int mu_agent_log_line(struct mu_agent *agent, int level, const char *tag, const char *text, uint64_t now_ms)
{
	(void)agent, (void)level, (void)tag, (void)text, (void)now_ms;
	book.lines++;
	return MU_ERR_BUSY;
}

static struct mu_application start(const struct mu_traits *traits, uint32_t liveness_ms)
{
	struct mu_application application;
	struct mu_dice dice;
	memset(&book, 0, sizeof book);
	mu_dice_init(&dice, 1);
	mu_application_start(&application, 0, traits, liveness_ms, &dice);
	for (uint64_t now_ms = 0; now_ms <= 30000; now_ms += 100)
		mu_application_step(&application, &dice, now_ms);
	return application;
}

static void test_the_chatty_one_writes_as_many_lines_as_told(void **unused)
{
	(void)unused;
	struct mu_traits traits = mu_traits_none();
	start(&traits, 6000);
	assert_int_equal(book.lines + book.events, 0);
	traits.chatty_per_s = 7;
	start(&traits, 6000);
	assert_int_equal(book.lines, 210); // 30 s
	assert_int_equal(book.events, 210);
	traits.chatty_per_s = 1000; // more than steps a second
	start(&traits, 6000);
	assert_int_equal(book.lines, 30000);
}

static void test_healthy_tasks_check_in_often_enough(void **unused)
{
	(void)unused;
	struct mu_traits healthy = mu_traits_none();
	struct mu_application application = start(&healthy, 6000);
	assert_int_equal(book.tokens, 2);
	assert_true(book.checked_in_ms[0] >= 29000 && book.checked_in_ms[1] >= 29000);
	assert_int_equal(book.loops, 31); // each second: a sixth of the deadline
	assert_true(book.celsius > 15 && book.celsius < 30);
	assert_true(application.due_ms > 30000 && application.due_ms <= 31000);
	start(&healthy, 3600000); // a long deadline is no reason for long silence
	assert_int_equal(book.loops, 7);
}

// Only the task that the image names falls silent, at its time.
static const struct {
	const char *task;
	unsigned token, tokens;
} hangs[] = { { "net", 0, 2 }, { "app", 1, 2 }, { "camera", 2, 3 } };

static void test_the_named_task_hangs(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof hangs / sizeof *hangs; i++) {
		struct mu_traits traits = mu_traits_none();
		traits.hang_after_s = 10;
		memcpy(traits.hang_task, hangs[i].task, strlen(hangs[i].task) + 1);
		start(&traits, 6000);
		assert_int_equal(book.tokens, hangs[i].tokens);
		for (unsigned token = 0; token < book.tokens; token++)
			if (token == hangs[i].token)
				assert_in_range(book.checked_in_ms[token], 9000, 9999);
			else
				assert_true(book.checked_in_ms[token] >= 29000);
		assert_string_equal(book.names[hangs[i].token], hangs[i].task);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_chatty_one_writes_as_many_lines_as_told),
		cmocka_unit_test(test_healthy_tasks_check_in_often_enough),
		cmocka_unit_test(test_the_named_task_hangs),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
