// SPDX-License-Identifier: Apache-2.0
// The start-up test: does this libmosquitto keep PUBACKs back until they are flushed? It is not documented that it does, and all that
// musterd promises about the broker's copy rests on it. A broker of a few bytes on a loopback port gives one QoS 1 PUBLISH; no
// PUBACK may come before connection_flush()'s mosquitto_loop_write(), and one must come after. Takes about 60 ms, at most 3 s.
// Thread: any, before the loop runs.
#ifndef COLLECTOR_INGEST_PUBACK_TEST_H
#define COLLECTOR_INGEST_PUBACK_TEST_H

enum puback_verdict {
	PUBACK_WITHHELD, // as it must be
	PUBACK_EARLY,    // the library acknowledges before the commit
	PUBACK_UNKNOWN,  // the test itself could not be done
};

enum puback_verdict puback_test(void);

#endif
