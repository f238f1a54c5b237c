// SPDX-License-Identifier: Apache-2.0
// What an error of librdkafka means to an operator, and what musterd does about it. Pure. Thread: any.
#ifndef COLLECTOR_KAFKA_TROUBLE_H
#define COLLECTOR_KAFKA_TROUBLE_H
#include <librdkafka/rdkafka.h>

enum trouble_kind {
	TROUBLE_AGAIN, // tried again until it works
	TROUBLE_OURS,  // given up by musterd itself, because of something else
	TROUBLE_SIZE,  // fewer at a time, then one alone; one alone is never taken
};

struct trouble {
	enum trouble_kind kind;
	const char *what, *remedy;
};

// Never null; for an error without a row of its own what is librdkafka's text.
struct trouble trouble_of(rd_kafka_resp_err_t error);

#endif
