import { useQuery } from "@tanstack/react-query";
import { createContext, useContext, useEffect, type ReactNode } from "react";
import { Problem, get, setCsrf, whenSignedOut } from "../api/client.ts";
import { startLive, stopLive } from "../api/live.ts";
import { queries } from "../api/queries.ts";
import type { Session } from "../api/types.ts";

const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
	return useContext(SessionContext)!;
}

/** Whether the user may; pages leave out what they may not, and the console refuses it all the same. */
export function useMay(permission: string | undefined): boolean {
	const { permissions } = useSession();
	return permission === undefined || permissions.includes(permission);
}

export const SESSION_KEY = ["/session"];

async function readSession(): Promise<Session | null> {
	try {
		const session = await get<Session>("/session");
		setCsrf(session.csrf);
		return session;
	} catch (error) {
		if (error instanceof Problem && error.status === 401) return null;
		throw error;
	}
}

export function forgetSession() {
	stopLive();
	setCsrf("");
	queries.setQueryData(SESSION_KEY, null);
	queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
}

export function WithSession(props: {
	waiting: ReactNode;
	failed: (error: Error, again: () => void) => ReactNode;
	signedOut: ReactNode;
	children: ReactNode;
}) {
	const session = useQuery({ queryKey: SESSION_KEY, queryFn: readSession, staleTime: 60_000, refetchOnWindowFocus: true });
	useEffect(() => whenSignedOut(forgetSession), []);
	const signedIn = !!session.data && !session.data.mustChangePassword;
	useEffect(() => {
		if (!signedIn) return;
		startLive();
		return stopLive;
	}, [signedIn]);
	if (session.isPending) return props.waiting;
	if (session.isError) return props.failed(session.error, () => session.refetch());
	if (!session.data) return props.signedOut;
	return <SessionContext value={session.data}>{props.children}</SessionContext>;
}
