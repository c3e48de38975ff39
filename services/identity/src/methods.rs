//! The permissions that each method requires. A method without a row here is not served.

use usher_base::Permission;
use usher_rpc::Method;

const READ: &[Permission] = &[Permission::UsersRead];
const ADMIN: &[Permission] = &[Permission::WorkspaceAdmin, Permission::TenantAdmin];
const CHANGES: &[Permission] = &[Permission::ChangesRead];
const SEATS: &[Permission] = &[Permission::SeatsRead];
const BILLING: &[Permission] = &[Permission::BillingAdmin];
const WRITE: &[Permission] = &[Permission::UsersWrite];
/// For deactivating users, and for reading one of them before.
const LEAVE: &[Permission] = &[Permission::UsersWrite, Permission::UsersLeave];
const READ_LEAVER: &[Permission] = &[Permission::UsersRead, Permission::UsersLeave];
const OPERATOR: &[Permission] = &[Permission::TenantAdmin];

/// All methods of the service.
pub const METHODS: &[Method] = &[
    Method::new("/usher.identity.v1.AttributeService/ListAttributes", READ),
    Method::new("/usher.identity.v1.AttributeService/DefineAttribute", ADMIN),
    Method::new("/usher.identity.v1.AttributeService/DeleteAttribute", ADMIN),
    Method::watch("/usher.identity.v1.ChangeService/WatchChanges", CHANGES),
    Method::new("/usher.identity.v1.ChangeService/ListChanges", CHANGES),
    Method::new("/usher.identity.v1.SeatService/GetSeats", SEATS),
    Method::new("/usher.identity.v1.SeatService/BeginSeatEpoch", BILLING),
    Method::new("/usher.identity.v1.GroupService/CreateGroup", WRITE),
    Method::new("/usher.identity.v1.GroupService/GetGroup", READ),
    Method::new("/usher.identity.v1.GroupService/ListGroups", READ),
    Method::new("/usher.identity.v1.GroupService/ReplaceGroup", WRITE),
    Method::new("/usher.identity.v1.GroupService/PatchGroup", WRITE),
    Method::new("/usher.identity.v1.GroupService/DeleteGroup", WRITE),
    Method::new("/usher.identity.v1.UserService/CreateUser", WRITE),
    Method::new("/usher.identity.v1.UserService/GetUser", READ_LEAVER),
    Method::new("/usher.identity.v1.UserService/ListUsers", READ),
    Method::new("/usher.identity.v1.UserService/ReplaceUser", LEAVE),
    Method::new("/usher.identity.v1.UserService/PatchUser", LEAVE),
    Method::new("/usher.identity.v1.UserService/DeleteUser", LEAVE),
    Method::new("/usher.identity.v1.UserService/GetPersonNames", READ),
    Method::new("/usher.identity.v1.UserService/EraseUsers", OPERATOR),
    Method::new("/usher.identity.v1.UserService/TakeOverUsers", OPERATOR),
];
