/** Session, devices and SIP account of a web phone. docs/web-phone.md has the examples. */

export interface Session {
    SessionToken: string;
    UserId: string;
    [more: string]: unknown;
}

export interface Device {
    DeviceToken: string;
    Platform?: string;
    Description?: string;
    RegistrationMode?: string;
    Enabled?: boolean;
    Registered?: boolean;
    [more: string]: unknown;
}

export interface Provisioning {
    SipUsername?: string;
    SIPUsername?: string;
    SipPassword?: string;
    SIPPassword?: string;
    SipDomain?: string;
    SipWssServer?: string;
    wssServer?: string;
    SipWebsocketPort?: string;
    WebSocketPort?: string;
    SipServerPath?: string;
    ServerPath?: string;
    SipContact?: string;
    ContactUserName?: string;
    SipJwt?: string;
    RegistrationMode?: 'Proxy' | 'WebSocket' | string;
    profileName?: string;
    ProfileUserName?: string;
    [more: string]: any;
}

export interface RequestOptions {
    /** The server, https:// (http:// on this machine only). Default: SetBase(), data-base, the script's own origin. */
    BaseUrl?: string;
    /** Milliseconds until a request is given up; 15000. */
    Timeout?: number;
}

export interface CacheOptions<T> extends RequestOptions {
    EnableCache?: boolean;
    /** Milliseconds an answer is believed; 24 hours. */
    MaxAge?: number;
    /** Default localStorage. 'memory': gone with the page. An object of one's own may encrypt. */
    Storage?: 'memory' | Pick<globalThis.Storage, 'getItem' | 'setItem' | 'removeItem'>;
    /** Called when the server's answer differs from the cached one that was returned. */
    OnUpdate?: (answer: T) => void;
}

export interface DevicesOptions extends CacheOptions<Device[]> {
    UserId: string;
    SessionToken: string;
    SessionKey?: string;
    /** Only devices of that platform. */
    Platform?: string;
}

export interface ProvisioningOptions extends CacheOptions<Provisioning> {
    UserId: string;
    DeviceToken: string;
    SessionToken: string;
    ProvisioningKey?: string;
}

/** The error of a refused or failed sign-in. */
export interface ProvisioningError extends Error {
    /** HTTP status; undefined when the server was not reached. */
    status?: number;
}

export interface PhoneOptions {
    Provisioning: Provisioning;
    PhoneFrame: HTMLIFrameElement;
    ProfileUserId?: string;
    SessionId?: string;
    UserId?: string;
    OnLoad?: (phone: Phone) => void;
    UiThemeStyle?: 'system' | 'light' | 'dark';
    Language?: 'auto' | 'en' | 'ar' | string;
    language?: string;
    MaxDidLength?: number;
    UiMaxWidth?: number;
    EnableAlphanumericDial?: boolean;
    EnableAvatar?: boolean;
    EnableSettings?: boolean;
    EnabledSettings?: boolean;
    EnableDialPad?: boolean;
    EnableCallRecording?: boolean;
    EnableAutoAnswer?: boolean;
    EnableDoNotDisturb?: boolean;
    EnableCallWaiting?: boolean;
    EnableCallTransfer?: boolean;
    EnableCallHold?: boolean;
    EnableCallMute?: boolean;
    EnableDeviceSelector?: boolean;
    EnableDisplayCallDetailRecords?: boolean;
    BuddySortBy?: 'activity' | 'alphabetical';
    DisplayDateFormat?: string;
    DisplayTimeFormat?: string;
    /** Calls of numbers that are no contact leave no row in the history, or none that is shown. */
    BuddyAutoDeleteAtEnd?: boolean;
    HideAutoDeleteBuddies?: boolean;
    [more: string]: unknown;
}

export interface CallInfo {
    id: string;
    direction: 'in' | 'out';
    state: 'calling' | 'ringing' | 'incoming' | 'up' | 'held' | 'ended';
    number: string;
    name: string;
    cause?: string;
}

export interface Phone {
    Dial(number: string, withVideo?: boolean, provider?: string): Promise<string>;
    Answer(callId?: string): Promise<void>;
    HangUp(callId?: string): Promise<void>;
    Hold(callId?: string): Promise<void>;
    Resume(callId?: string): Promise<void>;
    Mute(callId?: string): Promise<void>;
    Unmute(callId?: string): Promise<void>;
    SendDtmf(keys: string, callId?: string): Promise<void>;
    Transfer(target: string, callId?: string): Promise<void>;
    Toast(text: string): Promise<void>;
    InitTooltips(): Promise<void>;
    Disconnect(): Promise<void>;
    /** A raw message of the frame, by its type; returns how to stop. */
    on(type: string, hear: (message: any) => void): () => void;
    OnOffline: (() => void) | null;
    OnOnline: (() => void) | null;
    OnProfilePicture: ((...args: any[]) => void) | null;
    OnProfileText: ((...args: any[]) => void) | null;
    OnIncoming: ((call: CallInfo) => void) | null;
    OnCall: ((call: CallInfo) => void) | null;
}

export interface SipJsOptions {
    uri: any;
    authorizationUsername: string;
    authorizationPassword: string;
    contactName: string;
    displayName?: string;
    transportOptions: { server: string };
    registererOptions: { extraHeaders: string[] };
    inviterOptions: { extraHeaders: string[] };
}

export interface JsSipOptions {
    server: string;
    sockets: any[];
    uri: string;
    authorization_user: string;
    password: string;
    contact_uri: string;
    display_name?: string;
    callOptions: { extraHeaders: string[] };
    registerHeaders: string[];
}

/** Sign in. Rejects with a ProvisioningError. */
export function GetSession(accessToken: string, options?: RequestOptions): Promise<Session>;
/** The same under its later name. */
export function Login(accessToken: string, options?: RequestOptions): Promise<Session>;
/** Never rejects: null when forbidden, unreachable or too late. */
export function GetDevices(options: DevicesOptions): Promise<Device[] | any | null>;
/** Never rejects: null when forbidden, unreachable or too late. */
export function GetProvisioning(options: ProvisioningOptions): Promise<Provisioning | null>;
export function LoadBrowserPhone(frame: HTMLIFrameElement, options?: RequestOptions): Promise<HTMLIFrameElement>;
export function ProvisionPhone(options: PhoneOptions): Promise<Phone>;
export function BuildWsUrl(provisioning: Provisioning): string;
export function SipHeaders(provisioning: Provisioning, session?: Session): string[];
export function SipJsConfig(provisioning: Provisioning, session?: Session, UserAgent?: any): SipJsOptions;
export function JsSipConfig(provisioning: Provisioning, session?: Session, JsSIP?: any): JsSipOptions;
export function SetBase(url: string): void;
export function ClearCache(...keys: string[]): void;

declare const Siperb: {
    GetSession: typeof GetSession;
    Login: typeof Login;
    GetDevices: typeof GetDevices;
    GetProvisioning: typeof GetProvisioning;
    LoadBrowserPhone: typeof LoadBrowserPhone;
    ProvisionPhone: typeof ProvisionPhone;
    BuildWsUrl: typeof BuildWsUrl;
    SipHeaders: typeof SipHeaders;
    SipJsConfig: typeof SipJsConfig;
    JsSipConfig: typeof JsSipConfig;
    SetBase: typeof SetBase;
    ClearCache: typeof ClearCache;
    extend(name: string, fn: Function): typeof Siperb;
    [more: string]: any;
};
export default Siperb;

declare global {
    interface Window {
        SiperbAPI: typeof Siperb & {
            SESSION_TOKEN?: string;
            USER_ID?: string;
            DEVICES?: Device[] | any;
            PROVISIONING?: Provisioning;
            BASE_URL?: string;
        };
    }
}
