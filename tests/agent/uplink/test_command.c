// SPDX-License-Identifier: Apache-2.0
// Which commands are taken, and what the others are told: real P-256 signatures, each refusal, roles, parameters.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tests/agent/uplink/command_rig.h"

// ---- refusals before anything may be stored

static void test_refused_for_what_it_is(void **unused)
{
	(void)unused;
	struct message good = rig_make((struct order){ .id = 1 }), bad;

	bad = good;
	bad.size = 1025;
	rig_expect_refusal("one byte too many", &bad, OUTCOME(TOO_LARGE), false);
	bad = good;
	bad.size = 0;
	rig_expect_refusal("nothing", &bad, OUTCOME(MALFORMED), false);
	memset(bad.bytes, 0xFF, sizeof bad.bytes);
	bad.size = 300;
	rig_expect_refusal("rubbish", &bad, OUTCOME(MALFORMED), false);
	bad = rig_make((struct order){ .id = 1, .signer = STRANGER });
	rig_expect_refusal("a key that is not on the device", &bad, OUTCOME(UNKNOWN_KEY), false);
	bad = rig_make((struct order){ .id = 1, .device = "dev-2" });
	rig_expect_refusal("for another device", &bad, OUTCOME(WRONG_DEVICE), true);
	bad = rig_make((struct order){ .id = 1, .device = "dev-" });
	rig_expect_refusal("for a device whose name begins alike", &bad, OUTCOME(WRONG_DEVICE), true);
	bad = rig_make((struct order){ .id = 1, .signer = COLLECTOR });
	rig_expect_refusal("the collector may not reboot", &bad, OUTCOME(WRONG_ROLE), true);
	assert_int_equal(rig_handle(&good), OUTCOME(ACCEPTED)); // and none of it stood in the way of a good one
}

static void test_a_forged_signature(void **unused)
{
	(void)unused;
	struct message good = rig_make((struct order){ .id = 1 });
	Mu__SignedCommand *envelope = mu__signed_command__unpack(NULL, good.size, good.bytes);
	struct message forged;
	envelope->command.data[envelope->command.len - 3] ^= 1; // another command under the same signature
	forged.size = mu__signed_command__pack(envelope, forged.bytes);
	rig_expect_refusal("other bytes", &forged, OUTCOME(BAD_SIGNATURE), false);
	envelope->command.data[envelope->command.len - 3] ^= 1;
	memcpy(envelope->key_id.data, rig.signer[COLLECTOR].id, MU_KEY_ID_SIZE);
	forged.size = mu__signed_command__pack(envelope, forged.bytes);
	rig_expect_refusal("another's key id", &forged, OUTCOME(BAD_SIGNATURE), false);
	memset(envelope->signature.data, 0, envelope->signature.len);
	forged.size = mu__signed_command__pack(envelope, forged.bytes);
	rig_expect_refusal("zeros", &forged, OUTCOME(BAD_SIGNATURE), false);
	mu__signed_command__free_unpacked(envelope, NULL);
}

// Signed bytes that are no command, or break a limit.
static void test_signed_rubbish(void **unused)
{
	(void)unused;
	uint8_t bytes[1024];
	struct message bad;
	bad = rig_sign(OPERATOR, (const uint8_t *)"rubbish", 7);
	rig_expect_refusal("signed rubbish", &bad, OUTCOME(MALFORMED), false);
	size_t size = rig_pack(&(struct order){ .id = 1, .kind = MU_COMMAND_REPORT }, bytes);
	bytes[size - 4] = 0; // interval_s 5 -> 0
	bad = rig_sign(OPERATOR, bytes, size);
	rig_expect_refusal("an interval of 0", &bad, OUTCOME(MALFORMED), false);
}

// A later version's command: field 15 instead of the reboot's field 7.
static void test_a_body_of_the_future(void **unused)
{
	(void)unused;
	uint8_t bytes[1024];
	struct message future;
	size_t size = rig_pack(&(struct order){ .id = 1 }, bytes);
	assert_int_equal(bytes[size - 2], 7 << 3 | 2);
	bytes[size - 2] = 15 << 3 | 2;
	future = rig_sign(OPERATOR, bytes, size);
	rig_expect_refusal("unknown body", &future, OUTCOME(UNSUPPORTED), true);
	future = rig_sign(COLLECTOR, bytes, size);
	rig_expect_refusal("unknown body, small role", &future, OUTCOME(WRONG_ROLE), true);
}

// Whatever single bit flips on the way, and wherever it is cut: never accepted, never stored.
static void test_every_flip_and_every_cut(void **unused)
{
	(void)unused;
	struct message good = rig_make((struct order){ .id = 1, .kind = MU_COMMAND_ROLLBACK });
	for (size_t bit = 0; bit < good.size * 8; bit++) {
		struct message bad = good;
		bad.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		rig_handle(&bad);
		assert_true(rig.decision.outcome >= OUTCOME(TOO_LARGE) && rig.decision.kind == MU_COMMAND_NONE);
	}
	for (size_t size = 0; size < good.size; size++) {
		struct message bad = good;
		bad.size = size;
		rig_handle(&bad);
		assert_int_equal(rig.decision.outcome, OUTCOME(MALFORMED));
	}
	assert_int_equal(rig.fake.calls[FAKE_CALL_SET], 0);
	assert_int_equal(rig_handle(&good), OUTCOME(ACCEPTED));
}

// The keys are read when a command comes: flash that refuses now and then costs no command, and one that does so for longer is not said to know
// no such key.
static void test_keys_that_cannot_be_read(void **unused)
{
	(void)unused;
	struct message good = rig_make((struct order){ .id = 1 }), next = rig_make((struct order){ .id = 2, .counter = 2 });
	rig.key_reads_failing = 2;
	assert_int_equal(rig_handle(&good), OUTCOME(ACCEPTED));
	assert_int_equal(rig.command.key_faults, 2);
	rig.key_reads_failing = 1000;
	rig_expect_refusal("no key can be read", &next, OUTCOME(FAILED), false);
	rig.key_reads_failing = 0;
	assert_int_equal(rig_handle(&next), OUTCOME(ACCEPTED));
}

// No memory for the arithmetic, or a key whose point is none: that says nothing about who has signed.
static int verify_error;
static int verify_fails(void *context, const uint8_t point[65], const uint8_t digest[MU_SHA256_BYTES], const uint8_t *signature,
	size_t size)
{
	(void)context, (void)point, (void)digest, (void)signature, (void)size;
	return verify_error;
}

static void test_a_signature_that_cannot_be_judged(void **unused)
{
	(void)unused;
	static const int errors[] = { MU_ERR_NO_MEMORY, MU_ERR_IO, MU_ERR_INVALID };
	struct message good = rig_make((struct order){ .id = 1 });
	const struct mu_crypto_port *whole = rig.fake.port.crypto;
	struct mu_crypto_port poor = *whole;
	poor.verify_p256 = verify_fails;
	rig.fake.port.crypto = &poor;
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		verify_error = errors[i];
		rig_expect_refusal("the port fails", &good, OUTCOME(FAILED), false);
	}
	verify_error = MU_ERR_AUTH;
	rig_expect_refusal("the port says no", &good, OUTCOME(BAD_SIGNATURE), false);
	rig.fake.port.crypto = whole;
	assert_int_equal(rig_handle(&good), OUTCOME(ACCEPTED));
}

static void test_too_small_a_scratch(void **unused)
{
	(void)unused;
	struct message good = rig_make((struct order){ .id = 1 });
	mu_command_handle(&rig.command, good.bytes, good.size, NOW_MS, 1000, rig.scratch, 64, &rig.decision);
	assert_int_equal(rig.decision.outcome, OUTCOME(MALFORMED));
	mu_command_handle(&rig.command, good.bytes, good.size, NOW_MS, 1000, rig.scratch + 1, sizeof rig.scratch - 1, &rig.decision);
	assert_int_equal(rig.decision.outcome, OUTCOME(ACCEPTED));
}

// ---- who may what

static const struct {
	enum mu_command_kind kind;
	bool release, operator, collector;
} roles[] = {
	{ MU_COMMAND_ROLLBACK, false, true, true },
	{ MU_COMMAND_UPDATE, false, true, false },
	{ MU_COMMAND_REBOOT, false, true, false },
	{ MU_COMMAND_REPORT, false, true, true },
	{ MU_COMMAND_LOG, false, true, false },
	{ MU_COMMAND_DIAGNOSE, false, true, true },
};

static void try_role(enum mu_command_kind kind, enum signer signer, bool allowed)
{
	static uint8_t id;
	static uint64_t counter;
	struct order order = { .id = ++id, .counter = ++counter, .kind = kind };
	uint8_t bytes[1024];
	struct message message;
	message = rig_sign(signer, bytes, rig_pack(&order, bytes));
	rig_handle(&message);
	if (rig.decision.outcome != (allowed ? OUTCOME(ACCEPTED) : OUTCOME(WRONG_ROLE)))
		fail_msg("kind %d by signer %d: %d", (int)kind, (int)signer, (int)rig.decision.outcome);
	assert_int_equal(rig.decision.kind, allowed ? kind : MU_COMMAND_NONE);
}

static void test_roles(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
		try_role(roles[i].kind, RELEASE, roles[i].release);
		try_role(roles[i].kind, OPERATOR, roles[i].operator);
		try_role(roles[i].kind, COLLECTOR, roles[i].collector);
	}
}

static void test_parameters_arrive(void **unused)
{
	(void)unused;
	struct message message = rig_make((struct order){ .id = 1, .counter = 1, .kind = MU_COMMAND_ROLLBACK });
	rig_handle(&message);
	assert_int_equal(rig.decision.id[0], 1);
	assert_memory_equal(rig.decision.running_sha, rig.running_sha, 8);
	assert_memory_equal(rig.decision.target_sha, rig.target_sha, 8);
	message = rig_make((struct order){ .id = 2, .counter = 2, .kind = MU_COMMAND_UPDATE });
	rig_handle(&message);
	assert_string_equal(rig.decision.manifest_url, "https://firmware.example/manifest");
	message = rig_make((struct order){ .id = 3, .counter = 3, .kind = MU_COMMAND_REPORT });
	rig_handle(&message);
	assert_int_equal(rig.decision.interval_s, 5);
	assert_int_equal(rig.decision.for_s, 900);
	message = rig_make((struct order){ .id = 4, .counter = 4, .kind = MU_COMMAND_LOG });
	rig_handle(&message);
	assert_int_equal(rig.decision.level, MU__LOG_LEVEL__LOG_DEBUG);
	assert_int_equal(rig.decision.for_s, 60);
	message = rig_make((struct order){ .id = 5, .counter = 5, .kind = MU_COMMAND_DIAGNOSE });
	rig_handle(&message);
	assert_int_equal(rig.decision.for_s, 30);
	assert_int_equal(rig.decision.result.message.counter, 5);
	assert_memory_equal(rig.decision.result.message.key_id.data, rig.signer[OPERATOR].id, 8);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_refused_for_what_it_is),
		CASE(test_a_forged_signature),
		CASE(test_signed_rubbish),
		CASE(test_a_body_of_the_future),
		CASE(test_every_flip_and_every_cut),
		CASE(test_keys_that_cannot_be_read),
		CASE(test_a_signature_that_cannot_be_judged),
		CASE(test_too_small_a_scratch),
		CASE(test_roles),
		CASE(test_parameters_arrive),
	};
	return cmocka_run_group_tests(tests, rig_make_keys, rig_free_keys);
}
