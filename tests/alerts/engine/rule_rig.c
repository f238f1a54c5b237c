// SPDX-License-Identifier: Apache-2.0
#include "tests/alerts/engine/rule_rig.h"
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

const char *rule_rig_codes(struct rule_rig *rig, const char *text, const char *group_labels)
{
	bool is_empty;
	struct written group;
	written_begin(&group, group_labels);
	struct rule_yaml_node *labels = rule_yaml_read(&group.where, &is_empty);
	written_begin(&rig->written, text);
	written_params(&rig->params, "{floor: 50000, hold: 5m, share: 90%, wanted: downloading}");
	struct rule_yaml_node *node = rule_yaml_read(&rig->written.where, &is_empty);
	assert_non_null(node);
	rig->written.where.group = "Test group";
	struct rule_build job = { .where = rig->written.where, .params = &rig->params, .slots = &rig->slots, .group_labels = labels };
	rule_build(&job, node, &rig->rule);
	rule_yaml_free(node);
	rule_yaml_free(labels);
	written_end(&group);
	written_end(&rig->written);
	rule_params_free(&rig->params);
	return written_codes(&rig->written);
}

void rule_rig_end(struct rule_rig *rig)
{
	rule_build_free(&rig->rule);
	slot_table_free(&rig->slots);
}
