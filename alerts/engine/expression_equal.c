// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/expression_equal.h"

#include <string.h>

static bool same_list(const struct node *a, const struct node *b)
{
	for (; a && b; a = a->next, b = b->next)
		if (!expression_equal(a, b))
			return false;
	return !a && !b;
}

static bool same_matcher(const struct node_matcher *a, const struct node_matcher *b)
{
	return a->is_not == b->is_not && strcmp(a->label.text, b->label.text) == 0 && strcmp(a->text.text, b->text.text) == 0;
}

static bool same_matchers(const struct node *a, const struct node *b)
{
	for (unsigned i = 0; i < a->matcher_count && i < b->matcher_count; i++)
		if (!same_matcher(&a->matchers[i], &b->matchers[i]))
			return false;
	return a->matcher_count == b->matcher_count;
}

// The node itself, without what is below it.
static bool same_node(const struct node *a, const struct node *b)
{
	bool same_kind = a->kind == b->kind && a->op == b->op && a->is_bool == b->is_bool && a->is_negated == b->is_negated;
	return same_kind && strcmp(a->name, b->name) == 0 && a->number == b->number && same_matchers(a, b);
}

bool expression_equal(const struct node *a, const struct node *b)
{
	if (!a || !b)
		return a == b;
	return same_node(a, b) && same_list(a->left, b->left) && same_list(a->right, b->right) && expression_equal(a->window, b->window);
}
