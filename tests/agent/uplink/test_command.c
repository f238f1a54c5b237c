// SPDX-License-Identifier: Apache-2.0
// Commands with real P-256 signatures: each refusal, roles, replay, power cuts, floods.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include "agent/port/linux/crypto.h"
#include "agent/uplink/command.h"
#include "tests/agent/fake_port.h"

enum signer { RELEASE, OPERATOR, COLLECTOR, STRANGER, SIGNERS };
enum { DEVICE_KEYS = STRANGER, NOW_S = 1795000000 };
#define NOW_MS (UINT64_C(1000) * NOW_S)
#define OUTCOME(name) MU__COMMAND_OUTCOME__OUTCOME_##name

static EVP_PKEY *keys[SIGNERS];
static struct mu_key known[SIGNERS]; // the last one is not on the device
static struct mu_keyset keyset;
static struct fake_port fake;
static struct mu_command command;
static struct mu_command_decision decision;
static uint8_t scratch[MU_COMMAND_SCRATCH_BYTES];

// ---- the port's crypto is OpenSSL's

static int sha256_start(void *context, void *state)
{
	(void)context;
	return mu_crypto_sha256_start(state);
}

static int sha256_update(void *context, void *state, const void *data, size_t size)
{
	(void)context;
	return mu_crypto_sha256_update(state, data, size);
}

static int sha256_finish(void *context, void *state, uint8_t digest[MU_SHA256_BYTES])
{
	(void)context;
	return mu_crypto_sha256_finish(state, digest);
}

static int verify(void *context, const uint8_t point[65], const uint8_t digest[MU_SHA256_BYTES], const uint8_t *signature, size_t size)
{
	(void)context;
	return mu_crypto_verify_p256(point, digest, signature, size);
}

static const struct mu_crypto_port crypto = { sha256_start, sha256_update, sha256_finish, verify };

// ---- making commands

struct message {
	uint8_t bytes[2048];
	size_t size;
};

// What a row may set; the rest is a good reboot command of the operator's for this device.
struct order {
	const char *device;
	uint8_t id;
	uint64_t counter;
	uint64_t not_after_ms;
	enum mu_command_kind kind;
	enum signer signer;
};

static uint8_t running_sha[8] = { 0xAA }, target_sha[8] = { 0xBB };

static void set_body(Mu__Command *order, enum mu_command_kind kind)
{
	static Mu__Rollback rollback = MU__ROLLBACK__INIT;
	static Mu__Update update = MU__UPDATE__INIT;
	static Mu__Reboot reboot = MU__REBOOT__INIT;
	static Mu__Report report = MU__REPORT__INIT;
	static Mu__SetLog log = MU__SET_LOG__INIT;
	static Mu__Diagnose diagnose = MU__DIAGNOSE__INIT;
	rollback.running_sha = (ProtobufCBinaryData){ sizeof running_sha, running_sha };
	rollback.target_sha = (ProtobufCBinaryData){ sizeof target_sha, target_sha };
	update.manifest_url = (char *)"https://firmware.example/manifest";
	report.interval_s = 5, report.for_s = 900;
	log.level = MU__LOG_LEVEL__LOG_DEBUG, log.for_s = 60;
	diagnose.for_s = 30;
	switch (kind) {
	case MU_COMMAND_ROLLBACK: order->body_case = MU__COMMAND__BODY_ROLLBACK, order->rollback = &rollback; break;
	case MU_COMMAND_UPDATE: order->body_case = MU__COMMAND__BODY_UPDATE, order->update = &update; break;
	case MU_COMMAND_REPORT: order->body_case = MU__COMMAND__BODY_REPORT, order->report = &report; break;
	case MU_COMMAND_LOG: order->body_case = MU__COMMAND__BODY_LOG, order->log = &log; break;
	case MU_COMMAND_DIAGNOSE: order->body_case = MU__COMMAND__BODY_DIAGNOSE, order->diagnose = &diagnose; break;
	default: order->body_case = MU__COMMAND__BODY_REBOOT, order->reboot = &reboot; break;
	}
}

static size_t pack_order(const struct order *from, uint8_t *bytes)
{
	uint8_t id[16] = { from->id };
	Mu__Command order = MU__COMMAND__INIT;
	order.device = (char *)(from->device ? from->device : "dev-1");
	order.id = (ProtobufCBinaryData){ sizeof id, id };
	order.counter = from->counter ? from->counter : 1;
	order.has_not_after_ms = from->not_after_ms != 0;
	order.not_after_ms = from->not_after_ms;
	set_body(&order, from->kind);
	return mu__command__pack(&order, bytes);
}

static void sign(enum signer signer, const uint8_t *bytes, size_t size, struct message *out)
{
	uint8_t signature[80];
	size_t signature_size = sizeof signature;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, keys[signer]), 1);
	assert_int_equal(EVP_DigestSign(context, signature, &signature_size, bytes, size), 1);
	EVP_MD_CTX_free(context);
	Mu__SignedCommand envelope = MU__SIGNED_COMMAND__INIT;
	envelope.command = (ProtobufCBinaryData){ size, (uint8_t *)bytes };
	envelope.signature = (ProtobufCBinaryData){ signature_size, signature };
	envelope.key_id = (ProtobufCBinaryData){ MU_KEY_ID_SIZE, known[signer].id };
	assert_true(mu__signed_command__get_packed_size(&envelope) <= sizeof out->bytes);
	out->size = mu__signed_command__pack(&envelope, out->bytes);
}

static struct message make(struct order from)
{
	uint8_t bytes[1024];
	struct message out;
	size_t size = pack_order(&from, bytes);
	sign(from.signer ? from.signer : OPERATOR, bytes, size, &out);
	return out;
}

// ---- the device

static void check_result(void)
{
	Mu__Record record;
	struct mu_limits_fault fault;
	mu__record__init(&record);
	record.boot = 1;
	record.body_case = MU__RECORD__BODY_COMMAND_RESULT;
	record.command_result = &decision.result.message;
	if (mu_limits_check_record(&record, &fault) < 0)
		fail_msg("%s %s", fault.field, fault.what);
	assert_int_equal(decision.result.message.outcome, decision.outcome);
}

static Mu__CommandOutcome handle_at(const struct message *message, uint64_t wall_ms, uint64_t now_ms)
{
	mu_command_handle(&command, message->bytes, message->size, wall_ms, now_ms, scratch, sizeof scratch, &decision);
	check_result();
	return decision.outcome;
}

static Mu__CommandOutcome handle(const struct message *message)
{
	return handle_at(message, NOW_MS, 1000);
}

static int start(void)
{
	return mu_command_init(&command, &fake.port, &keyset, "dev-1");
}

static int setup(void **unused)
{
	(void)unused;
	fake_port_init(&fake, 1);
	fake.port.crypto = &crypto;
	return start();
}

static int teardown(void **unused)
{
	(void)unused;
	fake_port_free(&fake);
	return 0;
}

static int make_keys(void **unused)
{
	(void)unused;
	static const enum mu_key_role roles[SIGNERS] = { MU_KEY_RELEASE, MU_KEY_OPERATOR, MU_KEY_COLLECTOR, MU_KEY_OPERATOR };
	for (int i = 0; i < SIGNERS; i++) {
		size_t size = 0;
		uint8_t digest[32];
		keys[i] = EVP_EC_gen("P-256");
		EVP_PKEY_get_octet_string_param(keys[i], OSSL_PKEY_PARAM_PUB_KEY, known[i].point, sizeof known[i].point, &size);
		assert_int_equal(size, MU_KEY_POINT_SIZE);
		SHA256(known[i].point, sizeof known[i].point, digest);
		memcpy(known[i].id, digest, sizeof known[i].id);
		known[i].role = roles[i];
		known[i].name[0] = (char)('a' + i);
	}
	keyset.count = DEVICE_KEYS;
	memcpy(keyset.keys, known, DEVICE_KEYS * sizeof *known);
	return 0;
}

static int free_keys(void **unused)
{
	(void)unused;
	for (int i = 0; i < SIGNERS; i++)
		EVP_PKEY_free(keys[i]);
	return 0;
}

// ---- refusals before anything may be stored

static void expect_refusal(const char *what, const struct message *message, Mu__CommandOutcome outcome, bool names_id)
{
	uint64_t stores = fake.calls[FAKE_CALL_SET];
	handle_at(message, NOW_MS, command.received * 60000);
	if (decision.outcome != outcome)
		fail_msg("%s: outcome %d, not %d", what, (int)decision.outcome, (int)outcome);
	assert_int_equal(decision.kind, MU_COMMAND_NONE);
	assert_true(decision.record);
	assert_non_null(decision.result.message.detail);
	assert_int_equal(decision.result.message.id.len, names_id ? 16 : 0);
	assert_true(names_id || outcome == OUTCOME(TOO_LARGE) || decision.result.message.has_digest);
	if (fake.calls[FAKE_CALL_SET] != stores)
		fail_msg("%s was stored", what);
}

static void test_refused_for_what_it_is(void **unused)
{
	(void)unused;
	struct message good = make((struct order){ .id = 1 }), bad;

	bad = good;
	bad.size = 1025;
	expect_refusal("one byte too many", &bad, OUTCOME(TOO_LARGE), false);
	bad = good;
	bad.size = 0;
	expect_refusal("nothing", &bad, OUTCOME(MALFORMED), false);
	memset(bad.bytes, 0xFF, sizeof bad.bytes);
	bad.size = 300;
	expect_refusal("rubbish", &bad, OUTCOME(MALFORMED), false);
	bad = make((struct order){ .id = 1, .signer = STRANGER });
	expect_refusal("a key that is not on the device", &bad, OUTCOME(UNKNOWN_KEY), false);
	bad = make((struct order){ .id = 1, .device = "dev-2" });
	expect_refusal("for another device", &bad, OUTCOME(WRONG_DEVICE), true);
	bad = make((struct order){ .id = 1, .device = "dev-" });
	expect_refusal("for a device whose name begins alike", &bad, OUTCOME(WRONG_DEVICE), true);
	bad = make((struct order){ .id = 1, .signer = COLLECTOR });
	expect_refusal("the collector may not reboot", &bad, OUTCOME(WRONG_ROLE), true);
	assert_int_equal(handle(&good), OUTCOME(ACCEPTED)); // and none of it stood in the way of a good one
}

static void test_a_forged_signature(void **unused)
{
	(void)unused;
	struct message good = make((struct order){ .id = 1 });
	Mu__SignedCommand *envelope = mu__signed_command__unpack(NULL, good.size, good.bytes);
	struct message forged;
	envelope->command.data[envelope->command.len - 3] ^= 1; // another command under the same signature
	forged.size = mu__signed_command__pack(envelope, forged.bytes);
	expect_refusal("other bytes", &forged, OUTCOME(BAD_SIGNATURE), false);
	envelope->command.data[envelope->command.len - 3] ^= 1;
	memcpy(envelope->key_id.data, known[COLLECTOR].id, MU_KEY_ID_SIZE);
	forged.size = mu__signed_command__pack(envelope, forged.bytes);
	expect_refusal("another's key id", &forged, OUTCOME(BAD_SIGNATURE), false);
	memset(envelope->signature.data, 0, envelope->signature.len);
	forged.size = mu__signed_command__pack(envelope, forged.bytes);
	expect_refusal("zeros", &forged, OUTCOME(BAD_SIGNATURE), false);
	mu__signed_command__free_unpacked(envelope, NULL);
}

// Signed bytes that are no command, or break a limit.
static void test_signed_rubbish(void **unused)
{
	(void)unused;
	uint8_t bytes[1024];
	struct message bad;
	sign(OPERATOR, (const uint8_t *)"rubbish", 7, &bad);
	expect_refusal("signed rubbish", &bad, OUTCOME(MALFORMED), false);
	size_t size = pack_order(&(struct order){ .id = 1, .kind = MU_COMMAND_REPORT }, bytes);
	bytes[size - 4] = 0; // interval_s 5 -> 0
	sign(OPERATOR, bytes, size, &bad);
	expect_refusal("an interval of 0", &bad, OUTCOME(MALFORMED), false);
}

// A later version's command: field 15 instead of the reboot's field 7.
static void test_a_body_of_the_future(void **unused)
{
	(void)unused;
	uint8_t bytes[1024];
	struct message future;
	size_t size = pack_order(&(struct order){ .id = 1 }, bytes);
	assert_int_equal(bytes[size - 2], 7 << 3 | 2);
	bytes[size - 2] = 15 << 3 | 2;
	sign(OPERATOR, bytes, size, &future);
	expect_refusal("unknown body", &future, OUTCOME(UNSUPPORTED), true);
	sign(COLLECTOR, bytes, size, &future);
	expect_refusal("unknown body, small role", &future, OUTCOME(WRONG_ROLE), true);
}

// Whatever single bit flips on the way, and wherever it is cut: never accepted, never stored.
static void test_every_flip_and_every_cut(void **unused)
{
	(void)unused;
	struct message good = make((struct order){ .id = 1, .kind = MU_COMMAND_ROLLBACK });
	for (size_t bit = 0; bit < good.size * 8; bit++) {
		struct message bad = good;
		bad.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		handle(&bad);
		assert_true(decision.outcome >= OUTCOME(TOO_LARGE) && decision.kind == MU_COMMAND_NONE);
	}
	for (size_t size = 0; size < good.size; size++) {
		struct message bad = good;
		bad.size = size;
		handle(&bad);
		assert_int_equal(decision.outcome, OUTCOME(MALFORMED));
	}
	assert_int_equal(fake.calls[FAKE_CALL_SET], 0);
	assert_int_equal(handle(&good), OUTCOME(ACCEPTED));
}

static void test_too_small_a_scratch(void **unused)
{
	(void)unused;
	struct message good = make((struct order){ .id = 1 });
	mu_command_handle(&command, good.bytes, good.size, NOW_MS, 1000, scratch, 64, &decision);
	assert_int_equal(decision.outcome, OUTCOME(MALFORMED));
	mu_command_handle(&command, good.bytes, good.size, NOW_MS, 1000, scratch + 1, sizeof scratch - 1, &decision);
	assert_int_equal(decision.outcome, OUTCOME(ACCEPTED));
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
	sign(signer, bytes, pack_order(&order, bytes), &message);
	handle(&message);
	if (decision.outcome != (allowed ? OUTCOME(ACCEPTED) : OUTCOME(WRONG_ROLE)))
		fail_msg("kind %d by signer %d: %d", (int)kind, (int)signer, (int)decision.outcome);
	assert_int_equal(decision.kind, allowed ? kind : MU_COMMAND_NONE);
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
	struct message message = make((struct order){ .id = 1, .counter = 1, .kind = MU_COMMAND_ROLLBACK });
	handle(&message);
	assert_int_equal(decision.id[0], 1);
	assert_memory_equal(decision.running_sha, running_sha, 8);
	assert_memory_equal(decision.target_sha, target_sha, 8);
	message = make((struct order){ .id = 2, .counter = 2, .kind = MU_COMMAND_UPDATE });
	handle(&message);
	assert_string_equal(decision.manifest_url, "https://firmware.example/manifest");
	message = make((struct order){ .id = 3, .counter = 3, .kind = MU_COMMAND_REPORT });
	handle(&message);
	assert_int_equal(decision.interval_s, 5);
	assert_int_equal(decision.for_s, 900);
	message = make((struct order){ .id = 4, .counter = 4, .kind = MU_COMMAND_LOG });
	handle(&message);
	assert_int_equal(decision.level, MU__LOG_LEVEL__LOG_DEBUG);
	assert_int_equal(decision.for_s, 60);
	message = make((struct order){ .id = 5, .counter = 5, .kind = MU_COMMAND_DIAGNOSE });
	handle(&message);
	assert_int_equal(decision.for_s, 30);
	assert_int_equal(decision.result.message.counter, 5);
	assert_memory_equal(decision.result.message.key_id.data, known[OPERATOR].id, 8);
}

// ---- once

static void test_the_same_bytes_give_the_stored_result(void **unused)
{
	(void)unused;
	struct message message = make((struct order){ .id = 1 });
	struct mu_command_result result;
	assert_int_equal(handle(&message), OUTCOME(ACCEPTED));
	assert_int_equal(decision.kind, MU_COMMAND_REBOOT);
	assert_false(decision.repeated);
	assert_int_equal(handle(&message), OUTCOME(ACCEPTED));
	assert_int_equal(decision.kind, MU_COMMAND_NONE); // not a second reboot
	assert_true(decision.repeated);

	assert_int_equal(start(), 0); // the reboot
	assert_int_equal(mu_command_finish(&command, decision.result.id, OUTCOME(DONE), NULL, &result), 0);
	assert_int_equal(result.message.outcome, OUTCOME(DONE));
	assert_int_equal(result.message.counter, 1);
	assert_null(result.message.detail);
	assert_int_equal(handle(&message), OUTCOME(DONE));
	assert_true(decision.repeated);
	assert_int_equal(start(), 0);
	assert_int_equal(handle(&message), OUTCOME(DONE));
}

static void test_the_same_id_with_other_bytes(void **unused)
{
	(void)unused;
	struct message first = make((struct order){ .id = 1 }), second = make((struct order){ .id = 1, .counter = 2 });
	handle(&first);
	expect_refusal("known id, other bytes", &second, OUTCOME(ID_REUSED), true);
}

static void test_counters(void **unused)
{
	(void)unused;
	struct message five = make((struct order){ .id = 5, .counter = 5 }), four = make((struct order){ .id = 4, .counter = 4 });
	struct message equal = make((struct order){ .id = 6, .counter = 5 }), nine = make((struct order){ .id = 9, .counter = 9 });
	struct message other = make((struct order){ .id = 7, .counter = 1, .signer = COLLECTOR, .kind = MU_COMMAND_REPORT });
	assert_int_equal(handle(&five), OUTCOME(ACCEPTED));
	expect_refusal("a lower counter", &four, OUTCOME(REPLAYED), true);
	expect_refusal("the same counter", &equal, OUTCOME(REPLAYED), true);
	assert_int_equal(start(), 0);
	expect_refusal("a lower counter after a boot", &four, OUTCOME(REPLAYED), true);
	assert_int_equal(handle(&other), OUTCOME(ACCEPTED)); // each key counts for itself
	assert_int_equal(handle(&nine), OUTCOME(ACCEPTED));  // gaps are allowed
}

// After eight others the result is forgotten, the counter is not.
static void test_a_forgotten_command_is_a_replay(void **unused)
{
	(void)unused;
	struct message first = make((struct order){ .id = 1 });
	struct mu_command_result result;
	handle(&first);
	mu_command_finish(&command, decision.id, OUTCOME(DONE), NULL, &result);
	for (uint8_t i = 2; i <= 9; i++) {
		struct message next = make((struct order){ .id = i, .counter = i });
		assert_int_equal(handle(&next), OUTCOME(ACCEPTED));
		mu_command_finish(&command, decision.id, OUTCOME(DONE), NULL, &result);
	}
	expect_refusal("forgotten", &first, OUTCOME(REPLAYED), true);
	assert_int_equal(mu_command_finish(&command, (const uint8_t[16]){ 1 }, OUTCOME(FAILED), "why", &result), MU_ERR_NOT_FOUND);
	assert_int_equal(result.id[0], 1);
	assert_string_equal(result.message.detail, "why");
}

// ---- time

static void test_time(void **unused)
{
	(void)unused;
	struct message late = make((struct order){ .id = 1, .counter = 1, .not_after_ms = NOW_MS - 1 });
	struct message just = make((struct order){ .id = 2, .counter = 2, .not_after_ms = NOW_MS });
	struct message blind = make((struct order){ .id = 3, .counter = 3, .not_after_ms = NOW_MS - 1 });
	assert_int_equal(handle(&late), OUTCOME(EXPIRED));
	assert_int_equal(decision.kind, MU_COMMAND_NONE);
	assert_int_equal(handle(&just), OUTCOME(ACCEPTED));
	assert_false(decision.time_unchecked);
	assert_int_equal(handle_at(&blind, 0, 1000), OUTCOME(ACCEPTED)); // stated, not refused
	assert_true(decision.time_unchecked);
	assert_string_equal(decision.result.message.detail, "not_after not checked: no trusted time");
	// Expired stays expired when the device has lost its time.
	assert_int_equal(start(), 0);
	assert_int_equal(handle_at(&late, 0, 1000), OUTCOME(EXPIRED));
	assert_int_equal(decision.kind, MU_COMMAND_NONE);
}

// ---- a rollback in a boot loop

static void test_an_unfinished_rollback_is_taken_up(void **unused)
{
	(void)unused;
	struct message message = make((struct order){ .id = 1, .kind = MU_COMMAND_ROLLBACK, .not_after_ms = NOW_MS + 1000 });
	struct mu_command_result result;
	handle(&message);
	assert_int_equal(start(), 0); // it crashed before the plan was written
	assert_int_equal(handle(&message), OUTCOME(ACCEPTED));
	assert_true(decision.repeated);
	assert_int_equal(decision.kind, MU_COMMAND_ROLLBACK);
	assert_memory_equal(decision.target_sha, target_sha, 8);
	mu_command_finish(&command, decision.id, OUTCOME(DONE), NULL, &result);
	assert_int_equal(handle(&message), OUTCOME(DONE));
	assert_int_equal(decision.kind, MU_COMMAND_NONE);
}

static void test_an_unfinished_rollback_expires(void **unused)
{
	(void)unused;
	struct message message = make((struct order){ .id = 1, .kind = MU_COMMAND_ROLLBACK, .not_after_ms = NOW_MS + 1000 });
	handle(&message);
	assert_int_equal(start(), 0);
	assert_int_equal(handle_at(&message, NOW_MS + 1001, 1000), OUTCOME(EXPIRED));
	assert_int_equal(decision.kind, MU_COMMAND_NONE);
	assert_int_equal(handle_at(&message, 0, 1000), OUTCOME(EXPIRED));
	assert_int_equal(decision.kind, MU_COMMAND_NONE);
}

static void test_unfinished_after_a_boot(void **unused)
{
	(void)unused;
	struct mu_command_result result;
	static const enum mu_command_kind kinds[] = { MU_COMMAND_REPORT, MU_COMMAND_REBOOT, MU_COMMAND_DIAGNOSE };
	for (uint8_t i = 0; i < 3; i++) {
		struct message message = make((struct order){ .id = (uint8_t)(i + 1), .counter = i + 1u, .kind = kinds[i] });
		handle(&message);
	}
	mu_command_finish(&command, (const uint8_t[16]){ 1 }, OUTCOME(DONE), NULL, &result);
	assert_int_equal(start(), 0);
	uint32_t place = 0;
	const struct mu_command_entry *entry = mu_command_unfinished(&command, &place);
	assert_int_equal(entry->id[0], 2);
	assert_int_equal(entry->kind, MU_COMMAND_REBOOT);
	entry = mu_command_unfinished(&command, &place);
	assert_int_equal(entry->id[0], 3);
	assert_null(mu_command_unfinished(&command, &place));
}

// ---- when the store fails

static void test_what_cannot_be_stored_is_not_done(void **unused)
{
	(void)unused;
	struct message message = make((struct order){ .id = 1 });
	for (uint64_t call = 1; call <= 2; call++) { // cmd.res, then cmd.ctr
		teardown(NULL);
		setup(NULL);
		fake_port_fail(&fake, FAKE_CALL_SET, call, 1);
		assert_int_equal(handle(&message), OUTCOME(FAILED));
		assert_int_equal(decision.kind, MU_COMMAND_NONE);
		assert_true(command.memory.store_faults > 0);
	}
	// With nothing stored the same command works when the store does.
	teardown(NULL);
	setup(NULL);
	fake_port_fail(&fake, FAKE_CALL_SET, 1, 1);
	handle(&message);
	assert_int_equal(handle(&message), OUTCOME(ACCEPTED));
	assert_int_equal(decision.kind, MU_COMMAND_REBOOT);
}

// Power fails in each store operation, in each way: the command is done at most once, and never refused as another's.
static void test_power_cuts(void **unused)
{
	(void)unused;
	struct message message = make((struct order){ .id = 1 });
	for (uint64_t operation = 1; operation <= 2; operation++) {
		for (int tear = 0; tear < FAKE_TEAR_COUNT; tear++) {
			teardown(NULL);
			setup(NULL);
			fake_port_cut(&fake, operation, (enum fake_tear)tear);
			handle(&message);
			assert_int_equal(decision.kind, MU_COMMAND_NONE); // the cut came before it was done
			fake_port_power_on(&fake);
			start();
			handle(&message);
			bool done = decision.kind == MU_COMMAND_REBOOT;
			bool known_now = decision.repeated && decision.outcome == OUTCOME(ACCEPTED);
			if (!done && !known_now)
				fail_msg("operation %d tear %d: %d", (int)operation, tear, (int)decision.outcome);
			handle(&message);
			assert_int_equal(decision.kind, MU_COMMAND_NONE);
		}
	}
}

// A damaged "cmd.ctr": what cannot be told from a replay is refused, what proves itself is not.
static void test_lost_counters(void **unused)
{
	(void)unused;
	struct message plain = make((struct order){ .id = 1, .counter = 1 });
	struct message dated = make((struct order){ .id = 2, .counter = 2, .not_after_ms = NOW_MS + 1000 });
	struct message rollback = make((struct order){ .id = 3, .counter = 3, .kind = MU_COMMAND_ROLLBACK, .signer = COLLECTOR });
	struct message after = make((struct order){ .id = 4, .counter = 4 });
	fake.port.keyvalue->set(&fake, "cmd.ctr", "\x01\x05", 2);
	assert_int_equal(start(), MU_ERR_SIZE);
	expect_refusal("no date", &plain, OUTCOME(REPLAYED), true);
	assert_int_equal(handle_at(&dated, 0, 1000), OUTCOME(REPLAYED)); // a date, but no time to compare
	assert_int_equal(handle(&dated), OUTCOME(ACCEPTED));
	assert_int_equal(handle(&after), OUTCOME(ACCEPTED)); // this key has a counter again
	assert_int_equal(start(), 0);
	assert_true(command.memory.counters_lost); // the other keys have none yet
	assert_int_equal(handle(&rollback), OUTCOME(ACCEPTED));
}

static void test_a_newer_store_is_no_end(void **unused)
{
	(void)unused;
	fake.port.keyvalue->set(&fake, "cmd.res", "\x02\x00", 2);
	assert_int_equal(start(), MU_ERR_VERSION);
	struct message message = make((struct order){ .id = 1 });
	assert_int_equal(handle(&message), OUTCOME(ACCEPTED));
}

// ---- floods

static void test_a_flood_is_not_recorded(void **unused)
{
	(void)unused;
	struct message forged = make((struct order){ .id = 1 }), good = make((struct order){ .id = 2, .counter = 9 });
	forged.bytes[20] ^= 1;
	unsigned recorded = 0;
	for (uint64_t now = 0; now < 120000; now += 100) {
		handle_at(&forged, NOW_MS, now);
		recorded += decision.record;
	}
	assert_int_equal(recorded, 2 * MU_COMMAND_REFUSALS_PER_MIN);
	assert_int_equal(command.suppressed, 1200 - recorded);
	assert_int_equal(fake.calls[FAKE_CALL_SET], 0);
	assert_int_equal(handle_at(&good, NOW_MS, 119999), OUTCOME(ACCEPTED));
	assert_true(decision.record); // a new command is always answered
	for (int i = 0; i < 100; i++)
		handle_at(&good, NOW_MS, 119999); // a recorded command played again and again
	assert_false(decision.record);
	assert_int_equal(fake.calls[FAKE_CALL_SET], 2);
	assert_int_equal(command.received, 1301);
	assert_int_equal(command.accepted + command.refused + command.repeated, 1301);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_refused_for_what_it_is),
		CASE(test_a_forged_signature),
		CASE(test_signed_rubbish),
		CASE(test_a_body_of_the_future),
		CASE(test_every_flip_and_every_cut),
		CASE(test_too_small_a_scratch),
		CASE(test_roles),
		CASE(test_parameters_arrive),
		CASE(test_the_same_bytes_give_the_stored_result),
		CASE(test_the_same_id_with_other_bytes),
		CASE(test_counters),
		CASE(test_a_forgotten_command_is_a_replay),
		CASE(test_time),
		CASE(test_an_unfinished_rollback_is_taken_up),
		CASE(test_an_unfinished_rollback_expires),
		CASE(test_unfinished_after_a_boot),
		CASE(test_what_cannot_be_stored_is_not_done),
		CASE(test_power_cuts),
		CASE(test_lost_counters),
		CASE(test_a_newer_store_is_no_end),
		CASE(test_a_flood_is_not_recorded),
	};
	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
