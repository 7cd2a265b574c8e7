/** What an entry of the audit log says, in words: to stand after the name of who did it. */

import type { AuditEntry } from '$lib/api/types';
import { t } from '$lib/i18n/index.svelte';
import { describe } from '$lib/issue/describe';

export function tell(entry: AuditEntry, nameOf: (id: number) => string): string {
  switch (entry.subject) {
    case 'session':
      return t('audit.signed-in');
    case 'export':
      return exported(entry);
    case 'token':
      return token(entry, nameOf);
    case 'user':
      return person(entry);
    case 'project':
      return project(entry);
    case 'view':
      return view(entry);
    case 'issue':
      return describe({ ...entry, kind: entry.event }, nameOf);
    default:
      return [entry.event, entry.subject, `#${entry.subject_id}`].join(' ');
  }
}

/** What was there before or after, field by field. */
function parts(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

function exported({ field, new: now }: AuditEntry): string {
  const { q, format } = parts(now);
  if (field === 'audit') return t('audit.exported.audit', { format: text(format).toUpperCase() });
  const said = { format: text(format).toUpperCase(), q: text(q) };
  return t(said.q === '' ? 'audit.exported.all' : 'audit.exported.some', said);
}

function token(
  { event, subject_id, actor, old, new: now }: AuditEntry,
  nameOf: (id: number) => string,
) {
  const { owner, scope } = { ...parts(old), ...parts(now) };
  const said = { id: String(subject_id), scope: text(scope) };
  if (event === 'created') return t('audit.token.created', said);
  if (event === 'used') return t('audit.token.used', said);
  if (event !== 'revoked') return `${event} ${t('audit.token', said)}`;
  return owner === actor?.id || typeof owner !== 'number'
    ? t('audit.token.revoked', said)
    : t('audit.token.revoked.of', { ...said, name: nameOf(owner) });
}

function person({
  event,
  field,
  actor,
  subject_id,
  subject_name,
  old,
  new: now,
}: AuditEntry): string {
  const name = subject_name ?? `#${subject_id}`;
  if (field === 'role') return t('audit.role', { name, old: role(old), new: role(now) });
  if (event === 'created' && actor?.id === subject_id)
    return t('audit.person.came', { role: role(parts(now).role) });
  if (event === 'created') return t('audit.person.created', { name, role: role(parts(now).role) });
  if (event === 'removed') return t('audit.person.removed', { name });
  if (event === 'erased') return t('audit.person.erased', { id: String(subject_id) });
  return `${event} ${name}`;
}

const role = (value: unknown): string =>
  value === 'reporter' || value === 'maintainer' || value === 'admin'
    ? t(`role.${value}`)
    : text(value);

function project({ event, field, subject_id, subject_name, old, new: now }: AuditEntry): string {
  const name = subject_name ?? `#${subject_id}`;
  if (event === 'created') return t('audit.project.created', { name });
  if (field === 'deleted')
    return t(now === true ? 'audit.project.deleted' : 'audit.project.restored', { name });
  return t('audit.project.changed', { name, field: field ?? '', old: text(old), new: text(now) });
}

function view({ event, old, new: now }: AuditEntry): string {
  const { name } = { ...parts(old), ...parts(now) };
  const said = { name: text(name) };
  switch (event) {
    case 'shared':
      return t('audit.view.shared', said);
    case 'unshared':
      return t('audit.view.unshared', said);
    case 'deleted':
      return t('audit.view.deleted', said);
    default:
      return t('audit.view.changed', said);
  }
}
