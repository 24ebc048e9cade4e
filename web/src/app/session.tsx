import { useQuery } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
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
	/** @param ended the session did, under the reader */
	signedOut: (ended: boolean) => ReactNode;
	children: ReactNode;
}) {
	const session = useQuery({ queryKey: SESSION_KEY, queryFn: readSession, staleTime: 60_000, refetchOnWindowFocus: true });
	const [ended, setEnded] = useState(false);
	useEffect(
		() =>
			whenSignedOut(() => {
				setEnded(true);
				forgetSession();
			}),
		[],
	);
	const signedIn = !!session.data && !session.data.mustChangePassword;
	useEffect(() => {
		if (!signedIn) return;
		setEnded(false);
		startLive();
		return stopLive;
	}, [signedIn]);
	// A console that is away for a while does not take the page from whoever reads, or writes, it.
	if (session.data === undefined) return session.isError ? props.failed(session.error, () => session.refetch()) : props.waiting;
	if (!session.data) return props.signedOut(ended);
	return <SessionContext value={session.data}>{props.children}</SessionContext>;
}
