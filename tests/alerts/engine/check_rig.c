// SPDX-License-Identifier: Apache-2.0
#include "tests/alerts/engine/check_rig.h"
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

const char *check_rig_codes(struct check_rig *rig, const char *text)
{
	written_begin(&rig->written, text);
	written_params(&rig->params, "{floor: 50000, hold: 5m, share: 90%, wanted: downloading, yes: true}");
	expression_read(&rig->expression, &rig->written.where);
	assert_non_null(rig->expression.root);
	rig->check = (struct check){ .where = &rig->written.where, .params = &rig->params };
	bool is_good = check_condition(&rig->check, rig->expression.root);
	assert_int_equal(is_good, rig->written.problems.errors == 0);
	return written_codes(&rig->written);
}

void check_rig_end(struct check_rig *rig)
{
	expression_free(&rig->expression);
	rule_params_free(&rig->params);
	written_end(&rig->written);
}

void check_rig_expect(const char *const (*rows)[2], size_t count)
{
	static struct check_rig rig;
	for (size_t i = 0; i < count; i++) {
		const char *codes = check_rig_codes(&rig, rows[i][0]);
		if (strcmp(codes, rows[i][1]) != 0)
			fail_msg("%s: `%s`, wanted `%s`", rows[i][0], codes, rows[i][1]);
		check_rig_end(&rig);
	}
}
