/** Short names for the API's own types. Nothing is written by hand here. */

import type { components } from './schema';

type Schemas = components['schemas'];

export type Issue = Schemas['IssueRead'];
export type IssueItem = Schemas['IssueItem'];
export type IssuePage = Schemas['IssuePage'];
export type IssueChange = Schemas['IssueChange'];
export type Status = Schemas['Status'];
export type Severity = Schemas['Severity'];
export type Resolution = Schemas['Resolution'];
export type Person = Schemas['Person'];
export type Comment = Schemas['CommentRead'];
export type CommentPage = Schemas['CommentPage'];
export type Attachment = Schemas['AttachmentRead'];
export type Event = Schemas['EventRead'];
export type User = Schemas['UserRead'];
export type Me = Schemas['Me'];
export type Role = Me['role'];
export type FrontendConfig = Schemas['FrontendConfig'];
export type BulkSet = Schemas['BulkSet'];
export type BulkResult = Schemas['BulkResult'];
export type AuditEntry = Schemas['Entry'];
export type AuditKind = AuditEntry['kind'];
export type RelationPage = Schemas['RelationPage'];
export type Relation = Schemas['RelationRead'];
export type RelationSeen = Relation['kind'];
export type Token = Schemas['OwnTokenRead'];
export type TokenPage = Schemas['TokenPage'];
export type TokenMade = Schemas['TokenMade'];
export type TokenScope = Token['scope'];
export type View = Schemas['ViewRead'];
export type ViewChange = Schemas['ViewChange'];
export type Insight = Schemas['Insight'];
export type InsightPoint = Schemas['Point'];
export type Difference = Schemas['Difference'];
export type MetricRead = Schemas['MetricRead'];
