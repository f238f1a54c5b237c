// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/inbox.h"
#include "proto/limits.h"

static struct mu_inbox inbox;

static int put_state(enum mu_event_type type, int32_t value)
{
	return mu_inbox_put(&inbox, &(struct mu_event){ .type = type, .value = value });
}

static int put_message(const char *topic, const char *text, size_t size)
{
	return mu_inbox_put(&inbox,
		&(struct mu_event){ .type = MU_EVENT_MQTT_MESSAGE,
			.topic = topic,
			.payload = (const uint8_t *)text,
			.payload_bytes = size });
}

static void test_events_come_out_in_order(void **unused)
{
	(void)unused;
	struct mu_event event;
	mu_inbox_init(&inbox);
	assert_int_equal(mu_inbox_take(&inbox, &event), 0);
	assert_int_equal(put_state(MU_EVENT_LINK_UP, 7), 0);
	assert_int_equal(put_message("a/ack", "one", 3), 0);
	assert_int_equal(put_state(MU_EVENT_MQTT_PUBLISHED, 9), 0);
	assert_int_equal(mu_inbox_put(&inbox, &(struct mu_event){ .type = MU_EVENT_LINK_DOWN, .reason = 201 }), 0);
	assert_int_equal(mu_inbox_take(&inbox, &event), 1);
	assert_int_equal(event.type, MU_EVENT_LINK_UP);
	assert_int_equal(mu_inbox_take(&inbox, &event), 1);
	assert_string_equal(event.topic, "a/ack");
	assert_int_equal(event.payload_bytes, 3);
	assert_memory_equal(event.payload, "one", 3);
	assert_int_equal(mu_inbox_take(&inbox, &event), 1);
	assert_int_equal(event.value, 9);
	assert_int_equal(mu_inbox_take(&inbox, &event), 1);
	assert_int_equal(event.reason, 201);
	assert_int_equal(mu_inbox_take(&inbox, &event), 0);
}

// The answer of a time server is bytes, too: what is longer than any sane one is cut, and the newest counts.
static void test_answers_keep_their_bytes(void **unused)
{
	(void)unused;
	struct mu_event event;
	uint8_t bytes[MU_EVENT_PAYLOAD_MAX];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	mu_inbox_init(&inbox);
	struct mu_event answer = { .type = MU_EVENT_UDP_ANSWER, .payload = bytes, .payload_bytes = 48, .value = 12 };
	assert_int_equal(mu_inbox_put(&inbox, &answer), 0);
	assert_int_equal(mu_inbox_take(&inbox, &event), 1);
	assert_int_equal(event.value, 12);
	assert_int_equal(event.payload_bytes, 48);
	assert_memory_equal(event.payload, bytes, 48);
	answer.payload_bytes = sizeof bytes;
	assert_int_equal(mu_inbox_put(&inbox, &answer), 0);
	assert_int_equal(mu_inbox_take(&inbox, &event), 1);
	assert_int_equal(event.payload_bytes, MU_EVENT_ANSWER_MAX);
	assert_memory_equal(event.payload, bytes, MU_EVENT_ANSWER_MAX);
	answer.payload = 0;
	answer.payload_bytes = 0;
	assert_int_equal(mu_inbox_put(&inbox, &answer), 0);
	assert_int_equal(mu_inbox_take(&inbox, &event), 1);
	assert_int_equal(event.payload_bytes, 0);
}

// The one that matters: whatever arrives, "session lost" still gets through.
static void test_messages_never_push_out_states(void **unused)
{
	(void)unused;
	struct mu_event event;
	mu_inbox_init(&inbox);
	for (int i = 0; i < MU_INBOX_MESSAGES; i++)
		assert_int_equal(put_message("t", "x", 1), 0);
	assert_int_equal(put_message("t", "x", 1), MU_ERR_FULL);
	assert_int_equal(inbox.dropped, 1);
	for (int i = 0; i < MU_INBOX_STATES; i++)
		assert_int_equal(put_state(MU_EVENT_MQTT_CLOSED, i), 0);
	assert_int_equal(put_state(MU_EVENT_MQTT_CLOSED, 0), MU_ERR_FULL);
	for (int i = 0; i < MU_INBOX_MESSAGES + MU_INBOX_STATES; i++)
		assert_int_equal(mu_inbox_take(&inbox, &event), 1);
	assert_int_equal(event.value, MU_INBOX_STATES - 1);
	assert_int_equal(put_message("t", "x", 1), 0); // room again
}

static void test_bad_messages_are_refused_and_counted(void **unused)
{
	(void)unused;
	static char long_topic[MU_TOPIC_MAX + 1];
	static char big[MU_EVENT_PAYLOAD_MAX + 1];
	memset(long_topic, 't', sizeof long_topic - 1);
	mu_inbox_init(&inbox);
	assert_int_equal(put_message(long_topic, "x", 1), MU_ERR_SIZE);
	assert_int_equal(put_message("t", big, sizeof big), MU_ERR_SIZE);
	assert_int_equal(put_message(0, "x", 1), MU_ERR_SIZE);
	assert_int_equal(inbox.dropped, 3);
	long_topic[MU_TOPIC_MAX - 1] = 0;
	assert_int_equal(put_message(long_topic, big, MU_EVENT_PAYLOAD_MAX), 0);
}

// What comes from the collector in one go: an Ack each second, and on "online" all commands that wait for this device.
static void test_what_fits_at_once(void **unused)
{
	(void)unused;
	static const struct {
		size_t first, others;
		unsigned count;
	} rows[] = {
		{ MU_EVENT_PAYLOAD_MAX, MU_ACK_BYTES_MAX, 4 }, // the largest and three Acks
		{ 690, 690, 2 },                               // updates with the longest URL
		{ MU_ACK_BYTES_MAX, MU_ACK_BYTES_MAX, MU_INBOX_MESSAGES },
		{ 190, 190, 6 }, // rollbacks
	};
	static char big[MU_EVENT_PAYLOAD_MAX], topic[] = "muster/v1/the-longest-id-has-32-characters/ack";
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		mu_inbox_init(&inbox);
		for (unsigned message = 0; message < rows[i].count; message++)
			assert_int_equal(put_message(topic, big, message ? rows[i].others : rows[i].first), 0);
	}
}

static void test_wraps_many_times(void **unused)
{
	(void)unused;
	struct mu_event event;
	mu_inbox_init(&inbox);
	for (int i = 0; i < 1000; i++) {
		char text[2] = { (char)i, (char)(i >> 8) };
		assert_int_equal(put_state(MU_EVENT_LINK_DOWN, i), 0);
		assert_int_equal(put_message("t", text, 2), 0);
		assert_int_equal(mu_inbox_take(&inbox, &event), 1);
		assert_int_equal(event.value, i);
		assert_int_equal(mu_inbox_take(&inbox, &event), 1);
		assert_memory_equal(event.payload, text, 2);
	}
}

// The place of one that was taken is free again only when the next is: it is still being read.
static void test_a_message_stays_until_the_next_is_taken(void **unused)
{
	(void)unused;
	static char big[MU_INBOX_BYTES / 2 - MU_TOPIC_MAX], topic[MU_TOPIC_MAX];
	struct mu_event event;
	memset(topic, 't', sizeof topic - 1);
	mu_inbox_init(&inbox);
	for (int i = 0; i < 2; i++) {
		memset(big, 'a' + i, sizeof big);
		assert_int_equal(put_message(topic, big, sizeof big), 0);
	}
	assert_int_equal(put_message(topic, big, sizeof big), MU_ERR_FULL);
	assert_int_equal(mu_inbox_take(&inbox, &event), 1);
	assert_int_equal(put_message(topic, big, sizeof big), MU_ERR_FULL);
	memset(big, 'a', sizeof big);
	assert_memory_equal(event.payload, big, sizeof big);
	assert_int_equal(mu_inbox_take(&inbox, &event), 1);
	assert_int_equal(put_message("t", "again", 5), 0);
	memset(big, 'b', sizeof big);
	assert_memory_equal(event.payload, big, sizeof big);
	assert_int_equal(mu_inbox_take(&inbox, &event), 1);
	assert_memory_equal(event.payload, "again", 5);
}

// Against a plain queue: sizes and takes at random, every byte compared.
static void test_any_order_of_sizes(void **unused)
{
	(void)unused;
	static struct {
		size_t size;
		char fill;
	} queue[MU_INBOX_MESSAGES];
	static char bytes[MU_EVENT_PAYLOAD_MAX];
	unsigned first = 0, count = 0;
	uint32_t random = 1;
	struct mu_event event;
	mu_inbox_init(&inbox);
	for (int i = 0; i < 200000; i++) {
		random = random * 1664525u + 1013904223u;
		size_t size = (random >> 8) % (random & 0x10 ? 60 : MU_EVENT_PAYLOAD_MAX);
		char fill = (char)(random >> 24);
		memset(bytes, fill, size);
		if ((random & 3) && put_message("a/topic", bytes, size) == 0) {
			queue[(first + count) % MU_INBOX_MESSAGES].size = size;
			queue[(first + count++) % MU_INBOX_MESSAGES].fill = fill;
		} else if (mu_inbox_take(&inbox, &event)) {
			assert_int_equal(event.payload_bytes, queue[first].size);
			assert_string_equal(event.topic, "a/topic");
			for (size_t at = 0; at < event.payload_bytes; at++)
				assert_true((char)event.payload[at] == queue[first].fill);
			first = (first + 1) % MU_INBOX_MESSAGES;
			count--;
		} else {
			assert_int_equal(count, 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_come_out_in_order),
		cmocka_unit_test(test_answers_keep_their_bytes),
		cmocka_unit_test(test_messages_never_push_out_states),
		cmocka_unit_test(test_bad_messages_are_refused_and_counted),
		cmocka_unit_test(test_what_fits_at_once),
		cmocka_unit_test(test_wraps_many_times),
		cmocka_unit_test(test_a_message_stays_until_the_next_is_taken),
		cmocka_unit_test(test_any_order_of_sizes),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
