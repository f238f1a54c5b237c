// SPDX-License-Identifier: Apache-2.0
// The grammar: how an expression is grouped, and what is not one.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "alerts/engine/expression.h"
#include "tests/alerts/engine/written.h"

static char shown[4096];

static void show(const struct node *node);

static void put(const char *text)
{
	size_t used = strlen(shown);
	snprintf(shown + used, sizeof shown - used, "%s", text);
}

static void show_list(const struct node *node)
{
	for (; node; node = node->next) {
		put(" ");
		show(node);
	}
}

static void show_leaf(const struct node *node)
{
	char number[32];
	snprintf(number, sizeof number, "%g", node->number);
	put(node->kind == NODE_PARAM ? "$" : "");
	put(node->name[0] || node->kind == NODE_TEXT ? node->name : number);
	for (unsigned i = 0; i < node->matcher_count; i++) {
		put(node->matchers[i].is_not ? "!" : ":");
		put(node->matchers[i].label.text);
		put("=");
		put(node->matchers[i].text.text);
	}
	if (node->window) {
		put("[");
		show(node->window);
		put("]");
	}
}

// (op left right): the grouping is seen at once.
static void show(const struct node *node)
{
	static const char *const ops[] = { [OP_ADD] = "+",
		[OP_SUBTRACT] = "-",
		[OP_MULTIPLY] = "*",
		[OP_DIVIDE] = "/",
		[OP_MODULO] = "%",
		[OP_EQUAL] = "==",
		[OP_NOT_EQUAL] = "!=",
		[OP_LESS] = "<",
		[OP_LESS_EQUAL] = "<=",
		[OP_GREATER] = ">",
		[OP_GREATER_EQUAL] = ">=",
		[OP_AND] = "and",
		[OP_OR] = "or",
		[OP_UNLESS] = "unless" };
	bool is_leaf = node->kind <= NODE_PARAM;
	if (is_leaf) {
		show_leaf(node);
		return;
	}
	put("(");
	put(node->kind == NODE_BINARY ? ops[node->op] : node->kind == NODE_NOT ? "not" : node->kind == NODE_NEGATE ? "-" : "");
	put(node->kind == NODE_CALL ? node->name : node->kind == NODE_IN ? (node->is_negated ? "not in" : "in") : "");
	put(node->is_bool ? " bool" : "");
	show_list(node->left);
	show_list(node->right);
	put(")");
}

static void test_grouping(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *tree;
	} rows[] = {
		{ "a < 5", "(< a 5)" },
		{ "a + b * c - d < 5", "(< (- (+ a (* b c)) d) 5)" },
		{ "a - b - c > 1", "(> (- (- a b) c) 1)" }, // from the left
		{ "a / b % c > 1", "(> (% (/ a b) c) 1)" },
		{ "a < 1 or b < 2 and c < 3", "(or (< a 1) (and (< b 2) (< c 3)))" },
		{ "a < 1 and b < 2 unless c < 3", "(unless (and (< a 1) (< b 2)) (< c 3))" },
		{ "not a < 1 and b < 2", "(and (not (< a 1)) (< b 2))" },
		{ "not not a", "(not (not a))" },
		{ "(a or b) and c", "(and (or a b) c)" },
		{ "-a * b > -5", "(> (* (- a) b) (- 5))" },
		{ "+a > 1", "(> a 1)" },
		{ "a AND b OR c", "(or (and a b) c)" }, // PromQL's words in any case
		{ "a <= bool 5", "(<= bool a 5)" },
		{ "a in (x, \"y\", 5, -1)", "(in a x y 5 (- 1))" },
		{ "a + 1 not in (x)", "(not in (+ a 1) x)" },
		{ "f(a[10m])", "(f a[600000])" },
		{ "f(a[$w]) > g($d, 5m)", "(> (f a[$w]) (g $d 300000))" },
		{ "f()", "(f)" },
		{ "e{a=\"x\", b!='y'}[1h]", "e:a=x!b=y[3.6e+06]" },
		{ "e{}", "e" },
		{ "e{a=\"x\",}", "e:a=x" }, // as PromQL has it
		{ "a # a comment\n < 5", "(< a 5)" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct written written;
		struct expression expression;
		written_begin(&written, rows[i].text);
		expression_read(&expression, &written.where);
		if (!expression.root)
			fail_msg("%s: %s", rows[i].text, written.problems.list[0].what);
		shown[0] = 0;
		show(expression.root);
		assert_string_equal(shown, rows[i].tree);
		expression_free(&expression);
		written_end(&written);
	}
}

// One problem an expression, at the place of its first error.
static void test_what_is_no_expression(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *codes;
		unsigned column;
	} rows[] = {
		{ "", "E201", 1 },
		{ "a <", "E201", 4 },
		{ "a < 5 5", "E201", 7 },
		{ "a < b < c", "E201", 7 },
		{ "(a", "E201", 3 },
		{ "a)", "E201", 2 },
		{ "f(a", "E201", 4 },
		{ "f(a,", "E201", 5 },
		{ "a in x", "E201", 6 },
		{ "a in ()", "E201", 7 },
		{ "a not b", "E201", 7 },
		{ "a[5]", "E201", 3 },
		{ "a{5}", "E201", 3 },
		{ "a{x=5}", "E201", 5 },
		{ "a{x<\"5\"}", "E201", 4 },
		{ "a{x=\"1\",y=\"2\",z=\"3\"}", "E214", 15 },
		{ "a & b", "E202", 3 },
		{ "a < 5x", "E202", 5 },
		{ "a =~ b", "E206", 3 },
		{ "a offset 5m", "E206", 3 },
		{ "sum(a)", "E206", 1 },
		{ "count by (x) (a)", "E206", 1 },
		{ "a[5m:1m]", "E206", 5 },
		{ "f(a)[5m]", "E206", 5 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct written written;
		struct expression expression;
		written_begin(&written, rows[i].text);
		expression_read(&expression, &written.where);
		assert_null(expression.root);
		if (strcmp(written_codes(&written), rows[i].codes) != 0 || written.problems.list[0].column != rows[i].column)
			fail_msg("%s: %s at %u", rows[i].text, written_codes(&written), written.problems.list[0].column);
		expression_free(&expression);
		written_end(&written);
	}
}

static const char *codes_of_nesting(const char *open, unsigned count, const char *rest)
{
	static char text[RULES_EXPRESSION_BYTES + 2];
	static char codes[64];
	struct written written;
	struct expression expression;
	size_t used = 0;
	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s", open);
	snprintf(text + used, sizeof text - used, "%s", rest);
	written_begin(&written, text);
	expression_read(&expression, &written.where);
	snprintf(codes, sizeof codes, "%s", written_codes(&written));
	expression_free(&expression);
	written_end(&written);
	return codes;
}

static void test_bounds(void **unused)
{
	(void)unused;
	assert_string_equal(codes_of_nesting("-", RULES_DEPTH, "a"), "");
	assert_string_equal(codes_of_nesting("-", RULES_DEPTH + 1, "a"), "E215");
	assert_string_equal(codes_of_nesting("(", RULES_DEPTH + 1, "a"), "E215");
	assert_string_equal(codes_of_nesting("not ", RULES_DEPTH + 1, "a"), "E215");
	assert_string_equal(codes_of_nesting("f(", RULES_DEPTH + 1, "a"), "E215");
	assert_string_equal(codes_of_nesting("+", 2000, "a"), "E215"); // signs that do nothing count, too
	assert_string_equal(codes_of_nesting("a+", 1000, "a"), "");    // long, not deep
	assert_string_equal(codes_of_nesting(" ", RULES_EXPRESSION_BYTES, "a"), "E215");
}

static void test_nodes_mark_what_they_are(void **unused)
{
	(void)unused;
	struct written written;
	struct expression expression;
	written_begin(&written, "a  <  f( b[5m] )");
	expression_read(&expression, &written.where);
	assert_int_equal(expression.root->offset, 0);
	assert_int_equal(expression.root->width, 16);
	assert_int_equal(expression.root->right->offset, 6);
	assert_int_equal(expression.root->right->width, 10);
	assert_int_equal(expression.root->right->left->width, 5);
	expression_free(&expression);
	written_end(&written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grouping),
		cmocka_unit_test(test_what_is_no_expression),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_nodes_mark_what_they_are),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
