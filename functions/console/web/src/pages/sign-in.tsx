// Signing in with e-mail address and password. Whoever came from an ended session returns to the page they were on.
import { Alert, Box, Button, Link, MenuItem, TextField, Typography } from "@mui/material";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Link as To } from "react-router-dom";
import { session } from "../api/client";
import { ApiError, sayError } from "../api/problem";
import { LANGUAGES, useLanguage, useT, useTranslate } from "../providers/i18n";
import { useSignIn } from "../providers/auth";
import { Muted } from "../ui/parts";
import { useTitle } from "../ui/title";
import { Notices, useNotify } from "../ui/notify";

interface Tenant {
    slug: string;
    name: string;
}

export function SignIn() {
    const t = useT();
    const translate = useTranslate();
    const login = useSignIn();
    const notify = useNotify();
    const [language, setLanguage] = useLanguage();
    const [email, setEmail] = useState("");
    const [password, setPassword] = useState("");
    const [tenants, setTenants] = useState<Tenant[]>([]);
    const [tenant, setTenant] = useState("");
    const [problem, setProblem] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const first = useRef<HTMLInputElement>(null);

    useEffect(() => {
        document.documentElement.lang = language;
    }, [language]);
    useEffect(() => first.current?.focus(), []);
    useTitle(t("signIn.submit"));

    async function submit(event: FormEvent) {
        event.preventDefault();
        setProblem(null);
        if (!email.trim() || !password) {
            setProblem(t("signIn.both"));
            return;
        }
        setBusy(true);
        try {
            await login({ email: email.trim(), password, tenant: tenant || undefined });
        } catch (error) {
            const matches = error instanceof ApiError ? error.problem.matches : undefined;
            if (error instanceof ApiError && error.problem.code === "tenant_ambiguous" && Array.isArray(matches)) {
                setTenants(matches as Tenant[]);
                setTenant((matches[0] as Tenant).slug);
                notify("signIn.whichTenant", { type: "info" });
            } else if (error instanceof ApiError && (error.status === 401 || error.status === 400)) {
                setProblem(t("signIn.wrong"));
                setPassword("");
            } else {
                setProblem(sayError(error, translate));
            }
        } finally {
            setBusy(false);
        }
    }

    return (
        <Box component="main" sx={{ minHeight: "100dvh", display: "grid", gridTemplateRows: "1fr auto", justifyItems: "center", alignItems: "center", p: 2 }}>
            <Box sx={{ width: "100%", maxWidth: 360 }}>
                <Box sx={{ display: "flex", alignItems: "center", gap: 1.25, mb: 3 }}>
                    <svg width="36" height="36" viewBox="0 0 32 32" aria-hidden="true">
                        <rect width="32" height="32" rx="8" fill="#0e6470" />
                        <path d="M16 5.5 23 25l-7-4.4L9 25z" fill="#fff" />
                    </svg>
                    <Box>
                        <Typography variant="h1">{t("signIn.title")}</Typography>
                        <Muted sx={{ fontSize: "m" }}>{t("signIn.hint")}</Muted>
                    </Box>
                </Box>
                <Box component="form" noValidate onSubmit={submit} sx={{ display: "grid", gap: 1.75, p: 2.5, bgcolor: "background.paper", border: 1, borderColor: "divider", borderRadius: 1.5 }}>
                    {session.endedByItself && !problem && (
                        <Alert severity="info" role="alert" variant="outlined">
                            {t("session.ended")}
                        </Alert>
                    )}
                    {problem && (
                        <Alert severity="error" role="alert" variant="outlined">
                            {problem}
                        </Alert>
                    )}
                    <TextField inputRef={first} label={t("signIn.email")} type="email" name="email" autoComplete="username" value={email} onChange={(event) => setEmail(event.target.value)} error={problem !== null} required fullWidth />
                    <TextField label={t("signIn.password")} type="password" name="password" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} error={problem !== null} required fullWidth />
                    {tenants.length > 0 && (
                        <TextField select label={t("signIn.tenant")} value={tenant} onChange={(event) => setTenant(event.target.value)} fullWidth>
                            {tenants.map((one) => (
                                <MenuItem key={one.slug} value={one.slug}>
                                    {one.name}
                                </MenuItem>
                            ))}
                        </TextField>
                    )}
                    <Button type="submit" variant="contained" size="medium" disabled={busy} sx={{ minHeight: 38 }}>
                        {busy ? t("signIn.busy") : t("signIn.submit")}
                    </Button>
                    <Link component={To} to="/forgot-password" sx={{ justifySelf: "center" }}>
                        {t("account.forgot")}
                    </Link>
                </Box>
            </Box>
            <Box sx={{ display: "flex", gap: 0.5 }}>
                {LANGUAGES.map((each) => (
                    <Button key={each} lang={each} aria-pressed={each === language} onClick={() => setLanguage(each)} sx={{ color: each === language ? "text.primary" : "text.secondary", fontWeight: each === language ? 650 : 450 }}>
                        {t(`language.${each}`)}
                    </Button>
                ))}
            </Box>
            <Notices />
        </Box>
    );
}
