/**
 * What the specifications beside the checkout do not hold: the parts of the Metadata API's WSDL (version 67) that this package uses of layouts, flows
 * and Apex metadata, written down by hand. A slot is `name[*][!][:Type]`: `*` for many, `!` for required, a text where no type stands.
 */
export const SHORT_CONTRACT = [
  'Metadata: fullName',
  'MetadataWithContent < Metadata: content',
  'ApexClass < MetadataWithContent: apiVersion!:double packageVersions* status!:ApexCodeUnitStatus',
  'ApexCodeUnitStatus = Inactive | Active | Deleted',

  'Layout < Metadata: excludeButtons* headers* layoutSections*:LayoutSection miniLayout platformActionList quickActionList relatedLists*:RelatedListItem relatedObjects* showEmailCheckbox:boolean showHighlightsPanel:boolean showInteractionLogPanel:boolean showRunAssignmentRulesCheckbox:boolean showSubmitAndAttachButton:boolean summaryLayout',
  'LayoutSection: customLabel:boolean detailHeading:boolean editHeading:boolean label layoutColumns*:LayoutColumn style!:LayoutSectionStyle',
  'LayoutColumn: layoutItems*:LayoutItem reserved',
  'LayoutItem: behavior:UiBehavior component customLink emptySpace:boolean field height:int page showLabel:boolean showScrollbars:boolean width',
  'RelatedListItem: customButtons* excludeButtons* fields* quickActions* relatedList! sortField sortOrder',
  'LayoutSectionStyle = TwoColumnsTopToBottom | TwoColumnsLeftToRight | OneColumn | CustomLinks',
  'UiBehavior = Edit | Required | Readonly',

  'Flow < Metadata: actionCalls*:FlowActionCall apiVersion:double areMetricsLoggedToDataCloud:boolean constants* decisions* description environments*:FlowEnvironment formulas* interviewLabel isTemplate:boolean label! processMetadataValues*:FlowMetadataValue processType:FlowProcessType recordLookups* recordUpdates* runInMode start:FlowStart status:FlowVersionStatus triggerOrder:int variables*',
  'FlowBaseElement: processMetadataValues*:FlowMetadataValue',
  'FlowElement < FlowBaseElement: description name',
  'FlowNode < FlowElement: elementSubtype label locationX!:int locationY!:int',
  'FlowActionCall < FlowNode: actionName actionType connector:FlowConnector faultConnector:FlowConnector flowTransactionModel:FlowTransactionModel inputParameters*:FlowActionCallInputParameter nameSegment offset:int outputParameters* storeOutputAutomatically:boolean versionString',
  'FlowActionCallInputParameter < FlowBaseElement: name! value:FlowElementReferenceOrValue',
  'FlowElementReferenceOrValue: booleanValue:boolean dateTimeValue dateValue elementReference numberValue:double stringValue',
  'FlowMetadataValue: name! value:FlowElementReferenceOrValue',
  'FlowConnector < FlowBaseElement: isGoTo:boolean targetReference!',
  'FlowStart < FlowNode: connector:FlowConnector doesRequireRecordChangedToMeetCriteria:boolean filterFormula filterLogic filters*:FlowRecordFilter object recordTriggerType:RecordTriggerType scheduledPaths* triggerType:FlowTriggerType',
  'FlowRecordFilter < FlowBaseElement: field operator:FlowRecordFilterOperator value:FlowElementReferenceOrValue',
  'FlowEnvironment = Default | Slack | Offline',
  'FlowTransactionModel = Automatic | NewTransaction | CurrentTransaction',
  'FlowProcessType = AutoLaunchedFlow | Flow',
  'FlowVersionStatus = Active | Draft | Obsolete | InvalidDraft',
  'FlowTriggerType = None | Scheduled | RecordBeforeSave | RecordBeforeDelete | RecordAfterSave | PlatformEvent',
  'RecordTriggerType = Update | Create | CreateAndUpdate | Delete | None',
  'FlowRecordFilterOperator = EqualTo | NotEqualTo | GreaterThan | LessThan | GreaterThanOrEqualTo | LessThanOrEqualTo | StartsWith | EndsWith | Contains | IsNull | IsChanged | In | NotIn',
];
