/* SPDX-License-Identifier: 0BSD */
/* model: what a QEMU says that it has; names from it come back whole, and are what is to be taken instead of another. */
#include "fuzz.h"

#include "model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = fuzz_text(bytes, n);
	struct models m = { 0 };
	struct qmp_message answer;
	struct qmp q;
	struct err e;

	qmp_init(&q, 1 << 16);
	qmp_feed(&q, bytes, n);
	while (qmp_next(&q, &answer) != QMP_NONE && answer.kind != QMP_BAD)
		model_take(&m, &answer);
	qmp_free(&q);
	for (int kind = 0; kind < MODEL_KINDS; kind++) {
		for (size_t i = 0; i < m.kind[kind].n; i++) {
			const char *name = m.kind[kind].list[i].name;
			MUST(model_find(&m, (enum model_kind)kind, name, strlen(name)));
		}
		const char *near = model_near(&m, (enum model_kind)kind, text);
		MUST(!near || model_find(&m, (enum model_kind)kind, near, strlen(near)));
	}
	model_judge(&m, "-cpu", text, 0, &e);
	model_judge(&m, "-machine", text, 0, &e);
	model_judge(&m, "-device", text, 0, &e);
	model_free(&m);
	free(text);
	return 0;
}
