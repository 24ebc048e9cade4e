import { useCallback } from "react";
import { useSearchParams } from "wouter";

/** What a page shows stands in its address, so that a link shows another reader the same. */
export function useUrl() {
	const [params, setParams] = useSearchParams();
	const change = useCallback(
		(patch: Record<string, string | readonly string[] | null>) =>
			setParams(
				(before) => {
					const next = new URLSearchParams(before);
					for (const [name, value] of Object.entries(patch)) {
						next.delete(name);
						if (value === null || value === "") continue;
						for (const one of typeof value === "string" ? [value] : value) next.append(name, one);
					}
					return next;
				},
				{ replace: true },
			),
		[setParams],
	);
	const sorting = { by: params.get("sort") ?? "", onSort: (sort: string) => change({ sort }) };
	return { params, sorting, one: (name: string) => params.get(name) ?? "", many: (name: string) => params.getAll(name), change };
}
