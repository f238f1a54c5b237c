// SPDX-License-Identifier: Apache-2.0
#include "collector/kafka/availability.h"

bool availability_delivered(struct availability *availability, uint64_t now_ms)
{
	bool was_down = availability->is_down;
	availability->is_down = false;
	availability->error = RD_KAFKA_RESP_ERR_NO_ERROR;
	if (availability->waiting_ms)
		availability->waiting_ms = now_ms;
	return was_down;
}

static bool turn_down(struct availability *availability, uint64_t now_ms)
{
	bool was_down = availability->is_down;
	availability->is_down = true;
	if (!was_down)
		availability->down_ms = now_ms;
	return !was_down;
}

bool availability_failed(struct availability *availability, rd_kafka_resp_err_t error, uint64_t now_ms)
{
	availability->error = error;
	return turn_down(availability, now_ms);
}

bool availability_look(struct availability *availability, bool is_waiting, uint64_t now_ms)
{
	if (!is_waiting) {
		availability->waiting_ms = 0;
		return false;
	}
	if (!availability->waiting_ms)
		availability->waiting_ms = now_ms;
	return now_ms - availability->waiting_ms >= AVAILABILITY_PATIENCE_MS && turn_down(availability, now_ms);
}

void availability_heard(struct availability *availability, rd_kafka_resp_err_t error)
{
	availability->error = error;
}
