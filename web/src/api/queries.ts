import { QueryClient, keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Page, Problem, type Query, call, get } from "./client.ts";

export const queries = new QueryClient({
	defaultOptions: {
		queries: {
			staleTime: 5_000,
			// What was refused is refused again; only what did not answer is asked a second time.
			retry: (failures, error) => failures < 2 && error instanceof Problem && (error.status === 0 || error.status >= 502),
		},
	},
});

/** The first page comes soon; whoever scrolls on is given more at a time. */
export const PAGE_ROWS = 100;
const FURTHER_ROWS = 500;

/** One answer of the API, kept under its path and query. */
export function useAnswer<T>(path: string | null, query?: Query, options: { refetchMs?: number; staleMs?: number } = {}) {
	return useQuery({
		queryKey: [path, query ?? {}],
		queryFn: ({ signal }) => get<T>(path!, query, signal),
		enabled: path !== null,
		refetchInterval: options.refetchMs ?? false,
		...(options.staleMs !== undefined && { staleTime: options.staleMs }),
		placeholderData: keepPreviousData,
	});
}

/** A list of the API, page by page by its cursors. */
export function useList<T>(path: string, query?: Query, enabled = true) {
	const result = useInfiniteQuery({
		queryKey: [path, query ?? {}, "pages"],
		queryFn: ({ signal, pageParam }) => get<Page<T>>(path, { limit: pageParam ? FURTHER_ROWS : PAGE_ROWS, ...query, cursor: pageParam }, signal),
		initialPageParam: null as string | null,
		getNextPageParam: (page) => page.next,
		placeholderData: keepPreviousData,
		enabled,
	});
	const rows = useMemo(() => result.data?.pages.flatMap((page) => page.items) ?? [], [result.data]);
	return { ...result, rows, total: result.data?.pages[0]?.total ?? null };
}

export type List<T> = ReturnType<typeof useList<T>>;

/** Something that changes the console. What was kept below the paths of `touches` is asked anew afterwards. */
export function useChange<In, Out>(
	ask: (input: In) => { method: string; path: string; body?: unknown; headers?: Record<string, string> },
	touches: string[],
	done?: (answer: Out, input: In) => void,
) {
	const client = useQueryClient();
	return useMutation<Out, Problem, In>({
		mutationFn: (input) => {
			const { method, path, ...rest } = ask(input);
			return call<Out>(method, path, rest);
		},
		onSuccess: (answer, input) => {
			refresh(client, touches);
			done?.(answer, input);
		},
	});
}

/** A list that was read far down is asked anew from its top by whoever goes there, not page by page behind the reader's back. */
const PAGES_KEPT_FRESH = 2;

function pagesOf(query: { state: { data: unknown } }): number {
	return (query.state.data as { pages?: unknown[] } | undefined)?.pages?.length ?? 0;
}

/** Asks anew what was kept below these paths: what is shown at once, the rest when it is shown next. */
export async function refresh(client: QueryClient, paths: string[]) {
	const isMeant = ({ queryKey }: { queryKey: readonly unknown[] }) => typeof queryKey[0] === "string" && paths.some((path) => (queryKey[0] as string).startsWith(path));
	await Promise.all([
		client.invalidateQueries({ predicate: (query) => isMeant(query) && pagesOf(query) <= PAGES_KEPT_FRESH }),
		client.invalidateQueries({ predicate: (query) => isMeant(query) && pagesOf(query) > PAGES_KEPT_FRESH, refetchType: "none" }),
	]);
}

/** Lets go of all pages of these lists but the first, for a reader who is back at the top. */
export function trimPages(client: QueryClient, path: string) {
	client.setQueriesData<{ pages: unknown[]; pageParams: unknown[] }>({ predicate: (query) => query.queryKey[0] === path && pagesOf(query) > 1 }, (data) =>
		data && { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) },
	);
}
