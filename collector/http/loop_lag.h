// SPDX-License-Identifier: Apache-2.0
// How late the event loop is: a timer that is due every 250 ms measures it. The worst of the last 30 to 60 s is kept.
// Thread: the loop's. Memory: on the heap.
#ifndef COLLECTOR_HTTP_LOOP_LAG_H
#define COLLECTOR_HTTP_LOOP_LAG_H

struct event_base;
struct loop_lag;

struct loop_lag *loop_lag_start(struct event_base *base); // null: no memory
double loop_lag_worst_s(const struct loop_lag *lag);
void loop_lag_stop(struct loop_lag *lag);

#endif
