export {
  Batch,
  BatchAck,
  UploadReply,
  IngestServiceClient,
  IngestServiceService,
  type IngestServiceServer,
} from './gen/ringwatch/v1/ingest.ts';
export {
  Applied,
  Completeness,
  GetLatestReply,
  GetLatestRequest,
  GetMetricsReply,
  GetMetricsRequest,
  Host,
  HostStatus,
  Idle,
  ListHostsReply,
  ListHostsRequest,
  MonitorServiceClient,
  MonitorServiceService,
  Range,
  Reset,
  SubscribeEvent,
  SubscribeRequest,
  type MonitorServiceServer,
} from './gen/ringwatch/v1/monitor.ts';
export {
  ConfigServiceClient,
  ConfigServiceService,
  DeleteDocumentRequest,
  Document,
  GetDocumentRequest,
  ListDocumentsReply,
  ListDocumentsRequest,
  PutDocumentRequest,
  Version,
  type ConfigServiceServer,
} from './gen/ringwatch/v1/config.ts';
export { ItemFault, Report, Schema } from './gen/ringwatch/v1/report.ts';
export { PACKAGE, packageDefinition } from './package-definition.ts';
